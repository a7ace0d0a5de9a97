// ParaGRU on input projections u [B, T, 3, D]; $D channels. tools/bench fills in the sizes.
func.func @run(%u: tensor<?x?x3x${D}xf32> {seqc.dims = ["B", "T"]}, %a: tensor<3x${D}xf32>,
               %h0: tensor<?x${D}xf32> {seqc.dims = ["B"]}) -> (tensor<?x?x${D}xf32>, tensor<?x${D}xf32>) {
  %one = arith.constant dense<1.0> : tensor<${D}xf32>
  %a_z = tensor.extract_slice %a[0, 0] [1, ${D}] [1, 1] : tensor<3x${D}xf32> to tensor<${D}xf32>
  %a_r = tensor.extract_slice %a[1, 0] [1, ${D}] [1, 1] : tensor<3x${D}xf32> to tensor<${D}xf32>
  %a_n = tensor.extract_slice %a[2, 0] [1, ${D}] [1, 1] : tensor<3x${D}xf32> to tensor<${D}xf32>
  %y, %last = seq.recurrence (%u_t: tensor<3x${D}xf32> in %u) states(%h: tensor<${D}xf32> = %h0) {
    %z_in = tensor.extract_slice %u_t[0, 0] [1, ${D}] [1, 1] : tensor<3x${D}xf32> to tensor<${D}xf32>
    %r_in = tensor.extract_slice %u_t[1, 0] [1, ${D}] [1, 1] : tensor<3x${D}xf32> to tensor<${D}xf32>
    %n_in = tensor.extract_slice %u_t[2, 0] [1, ${D}] [1, 1] : tensor<3x${D}xf32> to tensor<${D}xf32>
    %z_rec = arith.mulf %a_z, %h : tensor<${D}xf32>
    %z_sum = arith.addf %z_rec, %z_in : tensor<${D}xf32>
    %z_n = arith.negf %z_sum : tensor<${D}xf32>
    %z_e = math.exp %z_n : tensor<${D}xf32>
    %z_d = arith.addf %one, %z_e : tensor<${D}xf32>
    %z = arith.divf %one, %z_d : tensor<${D}xf32>
    %r_rec = arith.mulf %a_r, %h : tensor<${D}xf32>
    %r_sum = arith.addf %r_rec, %r_in : tensor<${D}xf32>
    %r_n = arith.negf %r_sum : tensor<${D}xf32>
    %r_e = math.exp %r_n : tensor<${D}xf32>
    %r_d = arith.addf %one, %r_e : tensor<${D}xf32>
    %r = arith.divf %one, %r_d : tensor<${D}xf32>
    %reset = arith.mulf %h, %r : tensor<${D}xf32>
    %n_rec = arith.mulf %a_n, %reset : tensor<${D}xf32>
    %n_sum = arith.addf %n_rec, %n_in : tensor<${D}xf32>
    %n = math.tanh %n_sum : tensor<${D}xf32>
    %change = arith.subf %n, %h : tensor<${D}xf32>
    %part = arith.mulf %z, %change : tensor<${D}xf32>
    %next = arith.addf %part, %h : tensor<${D}xf32>
    seq.yield next(%next : tensor<${D}xf32>) out(%next : tensor<${D}xf32>)
  } : (tensor<?x?x3x${D}xf32>, tensor<?x${D}xf32>) -> (tensor<?x?x${D}xf32>, tensor<?x${D}xf32>)
  return %y, %last : tensor<?x?x${D}xf32>, tensor<?x${D}xf32>
}
