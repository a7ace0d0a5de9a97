// WKV, the time mixing of RWKV-4: a softmax average whose weights decay, with a bonus for the step
// itself.
//
//   y_t = (a_{t-1} + exp(u + k_t) v_t) / (b_{t-1} + exp(u + k_t))     output y_t
//   a_t = exp(w) a_{t-1} + exp(k_t) v_t
//   b_t = exp(w) b_{t-1} + exp(k_t)
//
// B. Peng et al., RWKV, arXiv 2305.13048. w is the negative log decay itself (models keep log(-w)).
// The states hold a and b divided by exp(p), p the running maximum of the exponents. To begin with
// nothing, a = b = 0 and p = -∞ or a number such as -1e38. k = -∞ leaves a step out; where nothing
// was met, y is NaN.
//
//   k, v    [batch, T, D]   keys and values      w, u [D]   log decay, bonus
//   a, b, p [batch, D]      initial states
//
// Results: y [batch, T, D] and the last states a, b, p [batch, D].
//
// Usage:
//   func.func private @seq.cells.rwkv4_wkv(tensor<?x?x512xf32>, tensor<?x?x512xf32>,
//     tensor<512xf32>, tensor<512xf32>, tensor<?x512xf32>, tensor<?x512xf32>, tensor<?x512xf32>)
//     -> (tensor<?x?x512xf32>, tensor<?x512xf32>, tensor<?x512xf32>, tensor<?x512xf32>)
func.func private @seq.cells.rwkv4_wkv(
    %k: tensor<$B*x$Tx$Dx$F>, %v: tensor<$B*x$Tx$Dx$F>, %w: tensor<$Dx$F>, %u: tensor<$Dx$F>,
    %a0: tensor<$B*x$Dx$F>, %b0: tensor<$B*x$Dx$F>, %p0: tensor<$B*x$Dx$F>)
    -> (tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Dx$F>, tensor<$B*x$Dx$F>, tensor<$B*x$Dx$F>) {
  %zero = arith.constant dense<0.0> : tensor<$Dx$F>
  %bottom = arith.constant -1.0 : $F
  %nothing = arith.constant 0.0 : $F
  %infinite = arith.divf %bottom, %nothing : $F
  %minus_inf = tensor.splat %infinite : tensor<$Dx$F>
  %y, %a_last, %b_last, %p_last = seq.recurrence (%k_t: tensor<$Dx$F> in %k, %v_t: tensor<$Dx$F> in %v)
      states(%a: tensor<$Dx$F> = %a0, %b: tensor<$Dx$F> = %b0, %p: tensor<$Dx$F> = %p0) {
    // The read: a and b as they were, and the step's own term with its bonus.
    %own = arith.addf %u, %k_t : tensor<$Dx$F>
    %top = arith.maximumf %p, %own : tensor<$Dx$F>
    %none = arith.cmpf oeq, %top, %minus_inf : tensor<$Dx$F>
    %shift = arith.select %none, %zero, %top : tensor<$Dxi1>, tensor<$Dx$F>
    %p_less = arith.subf %p, %shift : tensor<$Dx$F>
    %past = math.exp %p_less : tensor<$Dx$F>
    %own_less = arith.subf %own, %shift : tensor<$Dx$F>
    %here = math.exp %own_less : tensor<$Dx$F>
    %a_past = arith.mulf %past, %a : tensor<$Dx$F>
    %a_here = arith.mulf %here, %v_t : tensor<$Dx$F>
    %above = arith.addf %a_past, %a_here : tensor<$Dx$F>
    %b_past = arith.mulf %past, %b : tensor<$Dx$F>
    %below = arith.addf %b_past, %here : tensor<$Dx$F>
    %y_t = arith.divf %above, %below : tensor<$Dx$F>

    // The update, without the bonus.
    %faded = arith.addf %p, %w : tensor<$Dx$F>
    %p_next = arith.maximumf %faded, %k_t : tensor<$Dx$F>
    %none_next = arith.cmpf oeq, %p_next, %minus_inf : tensor<$Dx$F>
    %shift_next = arith.select %none_next, %zero, %p_next : tensor<$Dxi1>, tensor<$Dx$F>
    %faded_less = arith.subf %faded, %shift_next : tensor<$Dx$F>
    %keep = math.exp %faded_less : tensor<$Dx$F>
    %k_less = arith.subf %k_t, %shift_next : tensor<$Dx$F>
    %add = math.exp %k_less : tensor<$Dx$F>
    %a_kept = arith.mulf %keep, %a : tensor<$Dx$F>
    %a_new = arith.mulf %add, %v_t : tensor<$Dx$F>
    %a_next = arith.addf %a_kept, %a_new : tensor<$Dx$F>
    %b_kept = arith.mulf %keep, %b : tensor<$Dx$F>
    %b_next = arith.addf %b_kept, %add : tensor<$Dx$F>
    seq.yield next(%a_next, %b_next, %p_next : tensor<$Dx$F>, tensor<$Dx$F>, tensor<$Dx$F>)
        out(%y_t : tensor<$Dx$F>)
  } : (tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Dx$F>, tensor<$B*x$Dx$F>,
       tensor<$B*x$Dx$F>)
      -> (tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Dx$F>, tensor<$B*x$Dx$F>, tensor<$B*x$Dx$F>)
  return %y, %a_last, %b_last, %p_last
      : tensor<$B*x$Tx$Dx$F>, tensor<$B*x$Dx$F>, tensor<$B*x$Dx$F>, tensor<$B*x$Dx$F>
}
