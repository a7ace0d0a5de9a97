#include "seqc/Pipeline/Stages.h"
