// A library and its header: what is exported, what is needed, and calls from
// plain C and C++.
// RUN: rm -rf %t && mkdir %t
// RUN: clang -O1 -S -emit-llvm -ffreestanding --target=x86_64-unknown-linux-gnu %S/Inputs/bodies.c -o %t/bodies.ll
// RUN: seqc-test-abi %S/Inputs/model.json %t/bodies.ll -o %t/model.so --header=%t/model.h
// RUN: llvm-nm -D --defined-only --format=just-symbols %t/model.so | FileCheck %s --check-prefix=EXPORTS
// RUN: llvm-readelf -d %t/model.so | FileCheck %s --check-prefix=NEEDED
// RUN: ls %t | FileCheck %s --check-prefix=FILES
// REQUIRES: x86-host
// RUN: gcc -std=c99 -Wall -Wextra -pedantic -Werror -I%t -I%S/Inputs %s %t/model.so -Wl,-rpath,%t -o %t/c && %t/c | FileCheck %s
// RUN: gcc -O2 -std=c11 -Wall -Wextra -pedantic -Werror -I%t -I%S/Inputs %s %t/model.so -Wl,-rpath,%t -o %t/c2 && %t/c2
// RUN: g++ -x c++ -std=c++17 -Wall -Wextra -pedantic -Werror -I%t -I%S/Inputs %s -x none %t/model.so -Wl,-rpath,%t -o %t/cxx && %t/cxx
// RUN: clang++ -x c++ -std=c++20 -Wall -Wextra -pedantic -Werror -I%t -I%S/Inputs %s -x none %t/model.so -Wl,-rpath,%t -o %t/cxx2 && %t/cxx2

// EXPORTS:      cell_call
// EXPORTS-NEXT: cell_scratch_bytes
// EXPORTS-NEXT: cell_shapes
// EXPORTS-NEXT: cell_sig_{{[0-9a-f]+$}}
// EXPORTS-NEXT: cell_state_bytes
// EXPORTS-NEXT: cell_state_init
// EXPORTS-NEXT: cell_step
// EXPORTS-NEXT: cell_step_scratch_bytes
// EXPORTS-NEXT: model_info
// EXPORTS-NEXT: model_last_error
// EXPORTS-NEXT: trim_call
// EXPORTS-NEXT: trim_scratch_bytes
// EXPORTS-NEXT: trim_shapes
// EXPORTS-NEXT: trim_sig_{{[0-9a-f]+$}}
// EXPORTS-NOT:  {{.}}

// NEEDED-NOT: RPATH
// NEEDED:     (NEEDED) {{.*}}[libm.so.6]
// NEEDED:     (NEEDED) {{.*}}[libc.so.6]
// NEEDED-NOT: (NEEDED)
// NEEDED:     (SONAME) {{.*}}[model.so]

// No temporary file is left.
// FILES:      bodies.ll
// FILES-NEXT: model.h
// FILES-NEXT: model.so
// FILES-NOT:  {{.}}

// CHECK: {"abi":1,"compiler":"seqc-test-abi 1","module":"model","prefix":"","triple":"x86_64-unknown-linux-gnu","features":["sse3","64bit"],"functions":[{"symbol":"cell","hash":"{{[0-9a-f]+}}","numbers":"bitwise","name":"cell","symbols":["B","T"],"arguments":[{"name":"u","dtype":"f32","scalar":false,"shape":["B","T",4]},
// CHECK-SAME: "hiddenArguments":[{"name":"count","dtype":"i64","scalar":false,"shape":["B"]}]
// CHECK-SAME: "states":[{"name":"h","argument":2,"result":1},{"name":"count","argument":4,"result":2}],"streams":true,"time":"T","notStreamable":""}
// CHECK-SAME: "results":[{"name":"y","dtype":"f32","scalar":false,"shape":["?"]},{"name":"tail","dtype":"f64","scalar":true,"shape":[]}]
// CHECK-SAME: "time":null,"notStreamable":"the result's length depends on T"
#include "model.h"
#include "use-model.h"

/* The host's own: the model has another function of this name. */
int helper(void);
int helper(void) { return 2; }

int main(void) {
  int code = use_whole(1);
  printf("%s\n", model_info());
  code = code ? code : use_stream(1);
  code = code ? code : use_trim();
  code = code ? code : use_error(model_last_error);
  return code ? code : helper() - 2;
}
