// Timestep norm of Megalodon: a group norm over the channels of a group and all steps so far.
//
//   μ, v = mean and variance of the S channels of a group at step t
//   n_t = n_{t-1} + 1     r = 1 / n_t     δ = μ - mean_{t-1}
//   mean_t = mean_{t-1} + r δ
//   var_t = (1 - r) var_{t-1} + r v + r (1 - r) δ²
//   y_t = (x_t - mean_t) / √(var_t + eps) (1 + weight) + bias        output y_t
//
// X. Ma et al., arXiv 2404.08801. The statistics include step t. `count` is how many steps the
// initial mean and var stand for: 0 for none, with a mean and var of 0.
//
//   x     [batch, T, G, S]   inputs, in groups        weight, bias [G, S]   scale and shift
//   count [batch]            steps before (i64)       eps []                added to the variance
//   mean, var [batch, G]     their statistics
//
// Results: y [batch, T, G, S], count + T [batch], the last mean and var [batch, G].
//
// Usage:
//   func.func private @seq.cells.timestep_norm(tensor<?x?x32x16xf32>, tensor<32x16xf32>,
//     tensor<32x16xf32>, tensor<f32>, tensor<?xi64>, tensor<?x32xf32>, tensor<?x32xf32>)
//     -> (tensor<?x?x32x16xf32>, tensor<?xi64>, tensor<?x32xf32>, tensor<?x32xf32>)
func.func private @seq.cells.timestep_norm(
    %x: tensor<$B*x$Tx$Gx$Sx$F>, %weight: tensor<$Gx$Sx$F>, %bias: tensor<$Gx$Sx$F>,
    %eps: tensor<$F>, %count0: tensor<$B*xi64>, %mean0: tensor<$B*x$Gx$F>,
    %var0: tensor<$B*x$Gx$F>)
    -> (tensor<$B*x$Tx$Gx$Sx$F>, tensor<$B*xi64>, tensor<$B*x$Gx$F>, tensor<$B*x$Gx$F>) {
  %one = arith.constant dense<1.0> : tensor<$Gx$F>
  %one_gs = arith.constant dense<1.0> : tensor<$Gx$Sx$F>
  %one_n = arith.constant dense<1> : tensor<i64>
  %zero = arith.constant dense<0.0> : tensor<$Gx$F>
  %scale = arith.addf %one_gs, %weight : tensor<$Gx$Sx$F>
  %width_i = arith.constant $S : i64
  %width_f = arith.sitofp %width_i : i64 to $F
  %width = tensor.splat %width_f : tensor<$Gx$F>
  %y, %count_last, %mean_last, %var_last = seq.recurrence (%x_t: tensor<$Gx$Sx$F> in %x)
      states(%count: tensor<i64> = %count0, %mean: tensor<$Gx$F> = %mean0,
             %var: tensor<$Gx$F> = %var0) {
    %empty = tensor.empty() : tensor<$Gx$Sx$F>
    %blank = tensor.empty() : tensor<$Gx$F>

    // Of the step: the mean, then the mean square of what is left.
    %sum = linalg.reduce { arith.addf } ins(%x_t : tensor<$Gx$Sx$F>)
        outs(%zero : tensor<$Gx$F>) dimensions = [1]
    %mu = arith.divf %sum, %width : tensor<$Gx$F>
    %mu_gs = linalg.broadcast ins(%mu : tensor<$Gx$F>) outs(%empty : tensor<$Gx$Sx$F>) dimensions = [1]
    %around = arith.subf %x_t, %mu_gs : tensor<$Gx$Sx$F>
    %square = arith.mulf %around, %around : tensor<$Gx$Sx$F>
    %squares = linalg.reduce { arith.addf } ins(%square : tensor<$Gx$Sx$F>)
        outs(%zero : tensor<$Gx$F>) dimensions = [1]
    %v = arith.divf %squares, %width : tensor<$Gx$F>

    // Into the running ones, with weight 1 / n.
    %n = arith.addi %count, %one_n : tensor<i64>
    %n_f = arith.sitofp %n : tensor<i64> to tensor<$F>
    %n_g = linalg.broadcast ins(%n_f : tensor<$F>) outs(%blank : tensor<$Gx$F>) dimensions = [0]
    %r = arith.divf %one, %n_g : tensor<$Gx$F>
    %old = arith.subf %one, %r : tensor<$Gx$F>
    %delta = arith.subf %mu, %mean : tensor<$Gx$F>
    %part = arith.mulf %r, %delta : tensor<$Gx$F>
    %mean_next = arith.addf %mean, %part : tensor<$Gx$F>
    %gap = arith.mulf %part, %delta : tensor<$Gx$F>
    %spread = arith.addf %var, %gap : tensor<$Gx$F>
    %kept = arith.mulf %old, %spread : tensor<$Gx$F>
    %new = arith.mulf %r, %v : tensor<$Gx$F>
    %var_next = arith.addf %kept, %new : tensor<$Gx$F>

    %eps_g = linalg.broadcast ins(%eps : tensor<$F>) outs(%blank : tensor<$Gx$F>) dimensions = [0]
    %safe = arith.addf %var_next, %eps_g : tensor<$Gx$F>
    %inverse = math.rsqrt %safe : tensor<$Gx$F>
    %mean_gs = linalg.broadcast ins(%mean_next : tensor<$Gx$F>) outs(%empty : tensor<$Gx$Sx$F>) dimensions = [1]
    %inverse_gs = linalg.broadcast ins(%inverse : tensor<$Gx$F>) outs(%empty : tensor<$Gx$Sx$F>) dimensions = [1]
    %centred = arith.subf %x_t, %mean_gs : tensor<$Gx$Sx$F>
    %normal = arith.mulf %centred, %inverse_gs : tensor<$Gx$Sx$F>
    %scaled = arith.mulf %normal, %scale : tensor<$Gx$Sx$F>
    %y_t = arith.addf %scaled, %bias : tensor<$Gx$Sx$F>
    seq.yield next(%n, %mean_next, %var_next : tensor<i64>, tensor<$Gx$F>, tensor<$Gx$F>)
        out(%y_t : tensor<$Gx$Sx$F>)
  } : (tensor<$B*x$Tx$Gx$Sx$F>, tensor<$B*xi64>, tensor<$B*x$Gx$F>, tensor<$B*x$Gx$F>)
      -> (tensor<$B*x$Tx$Gx$Sx$F>, tensor<$B*xi64>, tensor<$B*x$Gx$F>, tensor<$B*x$Gx$F>)
  return %y, %count_last, %mean_last, %var_last
      : tensor<$B*x$Tx$Gx$Sx$F>, tensor<$B*xi64>, tensor<$B*x$Gx$F>, tensor<$B*x$Gx$F>
}
