func.func @decay(%u: tensor<?x?x1xf32>, %a: tensor<1xf32>, %h0: tensor<?x1xf32>)
    -> (tensor<?x?x1xf32>, tensor<?x1xf32>) {
  %y, %last = seq.recurrence (%x: tensor<1xf32> in %u) states(%h: tensor<1xf32> = %h0) {
    %s = arith.mulf %a, %x : tensor<1xf32>
    %p = arith.mulf %a, %h : tensor<1xf32>
    %n = arith.addf %p, %s : tensor<1xf32>
    seq.yield next(%n : tensor<1xf32>) out(%n : tensor<1xf32>)
  } : (tensor<?x?x1xf32>, tensor<?x1xf32>) -> (tensor<?x?x1xf32>, tensor<?x1xf32>)
  return %y, %last : tensor<?x?x1xf32>, tensor<?x1xf32>
}
