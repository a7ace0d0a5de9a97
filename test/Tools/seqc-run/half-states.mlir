// A stream keeps a state of which the function has one end only: an initial value that is an
// argument (`given`), or a final value that is a result (`returned`).
// RUN: seqc-run %s --function=given --size B=2 --size T=9 --step --guard=end --schedule=fused 2>&1 | FileCheck %s
// RUN: seqc-run %s --function=returned --size B=2 --size T=9 --step --guard=end --schedule=fused 2>&1 | FileCheck %s
// CHECK: steps equal to whole, bit for bit
func.func @given(%x: tensor<?x?x6xf32> {seqc.dims = ["B", "T"]}, %h0: tensor<?x6xf32> {seqc.dims = ["B"]}) -> tensor<?x?x6xf32> {
  %y, %h = seq.recurrence (%u: tensor<6xf32> in %x) states(%s: tensor<6xf32> = %h0) {
    %n = arith.addf %s, %u : tensor<6xf32>
    seq.yield next(%n : tensor<6xf32>) out(%n : tensor<6xf32>)
  } : (tensor<?x?x6xf32>, tensor<?x6xf32>) -> (tensor<?x?x6xf32>, tensor<?x6xf32>)
  return %y : tensor<?x?x6xf32>
}

func.func @returned(%x: tensor<?x?x6xf32> {seqc.dims = ["B", "T"]}) -> (tensor<?x?x6xf32>, tensor<?x6xf32>) {
  %c0 = arith.constant 0 : index
  %one = arith.constant 1.0 : f32
  %B = tensor.dim %x, %c0 : tensor<?x?x6xf32>
  %e = tensor.empty(%B) : tensor<?x6xf32>
  %h0 = linalg.fill ins(%one : f32) outs(%e : tensor<?x6xf32>) -> tensor<?x6xf32>
  %y, %h = seq.recurrence (%u: tensor<6xf32> in %x) states(%s: tensor<6xf32> = %h0) {
    %n = arith.addf %s, %u : tensor<6xf32>
    seq.yield next(%n : tensor<6xf32>) out(%n : tensor<6xf32>)
  } : (tensor<?x?x6xf32>, tensor<?x6xf32>) -> (tensor<?x?x6xf32>, tensor<?x6xf32>)
  return %y, %h : tensor<?x?x6xf32>, tensor<?x6xf32>
}
