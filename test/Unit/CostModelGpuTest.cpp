// Model v1 against values computed by hand.
#include "seqc/Schedule/CostModelGpu.h"

#include <gtest/gtest.h>

using namespace seqc;

static void expectNear(const Interval &seconds, double least, double most) {
  EXPECT_NEAR(seconds.least, least, 0.005 * least);
  EXPECT_NEAR(seconds.most, most, 0.005 * most);
}

// h = a h + x of 2^28 numbers: 12 bytes each, at 0.9 and at 0.7 of 3.35e12 bytes a second.
TEST(CostModelGpu, AffineScanIsLimitedByMemory) {
  GpuWork work;
  work.blocks = 1 << 15;
  work.blocksOnSm = 8;
  double bytes = 12.0 * (1 << 28);
  work.bytes = {bytes, bytes};
  GpuPrice price = predictGpu(work);
  expectNear(price.memory, 1.068e-3, 1.374e-3);
  expectNear(price.total(), 1.071e-3, 1.379e-3);
  EXPECT_EQ(price.limit(), "memory");
}

// 2048 steps of 90 cycles at 1.755 GHz; half as many cycles again at most.
TEST(CostModelGpu, DiagonalGruIsLimitedByItsChain) {
  GpuWork work;
  work.steps = 2048;
  work.chain = 90;
  GpuPrice price = predictGpu(work);
  expectNear(price.chain, 105.0e-6, 157.5e-6);
  expectNear(price.total(), 108.0e-6, 162.5e-6);
  EXPECT_EQ(price.limit(), "chain");
}

// 1024 waits of 550 to 650 cycles, beside 4096 steps of 4 cycles.
TEST(CostModelGpu, WaitsForMemoryArePartOfTheChain) {
  GpuWork work;
  work.steps = 4096;
  work.chain = 4;
  work.waits = 1024;
  expectNear(predictGpu(work).chain, 330.2e-6, 393.3e-6);
}

// An SM has 16 blocks of 128 threads at most: 132 * 16 = 2112 blocks run at once, or as many as the
// kernel demands, here 132 * 4 = 528.
TEST(CostModelGpu, BlocksBeyondThoseOnTheChipWait) {
  GpuWork work;
  work.steps = 1755;
  work.chain = 1000;
  work.blocksOnSm = 4;
  work.blocks = 528;
  expectNear(predictGpu(work).chain, 1e-3, 1.5e-3);
  work.blocks = 529;
  expectNear(predictGpu(work).chain, 1e-3, 3e-3);
  work.blocks = 2113;
  expectNear(predictGpu(work).chain, 2e-3, 7.5e-3);
}

// 132 SMs start 4 warp instructions a cycle, and have 16 lanes for reciprocals and roots; fewer
// blocks than SMs use as many SMs.
TEST(CostModelGpu, InstructionsAreSharedByBusyUnits) {
  GpuWork work;
  work.blocks = 132;
  work.instructions = 132.0 * 4 * 32 * 1.755e6;
  work.special = 132.0 * 16 * 0.1755e6;
  GpuPrice price = predictGpu(work);
  expectNear(price.issue, 1e-3, 1.5e-3);
  expectNear(price.special, 0.1e-3, 0.15e-3);
  EXPECT_EQ(price.limit(), "issue");
  work.blocks = 33;
  expectNear(predictGpu(work).issue, 4e-3, 6e-3);
}

TEST(CostModelGpu, NothingToDoCostsItsLaunches) {
  GpuWork work;
  work.launches = 2;
  GpuPrice price = predictGpu(work);
  expectNear(price.total(), 6e-6, 10e-6);
  EXPECT_EQ(price.limit(), "launches");
  EXPECT_EQ(describe(price.total()), "6 us to 10 us");
}
