// A gate of the input alone, of which the product is read once: it is fused into a multiply-add.
func.func @gated(%u: tensor<?x?x8xf32>, %a: tensor<8xf32>, %h0: tensor<?x8xf32>, %c0: tensor<?x8xf32>)
    -> (tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) {
  %one = arith.constant dense<1.0> : tensor<8xf32>
  %y, %h1, %c1 = seq.recurrence (%x: tensor<8xf32> in %u) states(%h: tensor<8xf32> = %h0, %c: tensor<8xf32> = %c0) {
    %s = arith.mulf %a, %x : tensor<8xf32>
    %m = arith.addf %s, %h : tensor<8xf32>
    %n = arith.negf %m : tensor<8xf32>
    %e = math.exp %n : tensor<8xf32>
    %d = arith.addf %one, %e : tensor<8xf32>
    %f = arith.divf %one, %d : tensor<8xf32>
    %t = math.tanh %x : tensor<8xf32>
    %i = arith.subf %one, %f : tensor<8xf32>
    %0 = arith.mulf %f, %c : tensor<8xf32>
    %1 = arith.mulf %i, %t : tensor<8xf32>
    %2 = arith.addf %0, %1 : tensor<8xf32>
    %3 = math.tanh %2 : tensor<8xf32>
    seq.yield next(%3, %2 : tensor<8xf32>, tensor<8xf32>) out(%3 : tensor<8xf32>)
  } : (tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>)
  return %y, %h1, %c1 : tensor<?x?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>
}
