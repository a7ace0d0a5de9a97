// RUN: seqc %s --target=cuda --emit=scheduled | FileCheck %s --check-prefix=SCHEDULE
// RUN: seqc %s --target=cuda --emit=lowered | FileCheck %s --check-prefix=HOST
// RUN: seqc %s --target=cuda --emit=ptx | FileCheck %s
// RUN: seqc %s --target=cuda --emit=scheduled --assume=B=1 | FileCheck %s --check-prefix=KNOWN
// RUN: seqc %s --target=cuda --emit=scheduled --assume=B=1000 | FileCheck %s --check-prefix=SCHEDULE
// A sum over 512 channels of the state: the host starts a kernel for each step.
// SCHEDULE: schedule(<fused, vector_bits = 32, batch_tile = 1, chunk = 1, strip = 16, rows = 4, vectors = 1>)
// KNOWN: schedule(<fused, vector_bits = 32, batch_tile = 1, {{.*}}strip = 16, rows = {{[14]}}, vectors = {{[0-9]+}}>)
// The loop over time calls the runtime with the items, the step and the number of steps.
// HOST: func.func @seqc_body_wide(
// HOST: scf.for %[[STEP:.*]] = %{{.*}} to %[[STEPS:.*]] step
// HOST: arith.index_cast %[[STEP]]
// HOST: call @seqc_rt_parallel_step(
// A kernel of a step has its number behind the items: three tensors, two results of 3, 2, 2, 3 and 2 sizes, scratch.
// CHECK: .entry wide_0(
// The weights of eight terms for four rows before a fused multiply-add needs the last of them.
// CHECK: .entry wide_2(
// CHECK: .maxntid 128
// CHECK: .minnctapersm 4
// CHECK-NOT: bar.sync
// CHECK: fma.rn.f32
// CHECK: st.global
func.func @wide(%x: tensor<?x?x512xf32> {seqc.dims = ["B", "T"]}, %w: tensor<512x512xf32>, %h0: tensor<?x512xf32> {seqc.dims = ["B"]})
    -> (tensor<?x?x512xf32>, tensor<?x512xf32>) {
  %y, %last = seq.recurrence (%u: tensor<512xf32> in %x) states(%h: tensor<512xf32> = %h0) {
    %r = linalg.matvec ins(%w, %h : tensor<512x512xf32>, tensor<512xf32>) outs(%u : tensor<512xf32>) -> tensor<512xf32>
    %n = math.tanh %r : tensor<512xf32>
    seq.yield next(%n : tensor<512xf32>) out(%n : tensor<512xf32>)
  } : (tensor<?x?x512xf32>, tensor<?x512xf32>) -> (tensor<?x?x512xf32>, tensor<?x512xf32>)
  return %y, %last : tensor<?x?x512xf32>, tensor<?x512xf32>
}
