// RUN: seqc-opt %s -split-input-file -verify-diagnostics -seq-check-schedule
// Kernels for each step that a GPU's host cannot start.
#gpu = #seq.target<"nvptx64-nvidia-cuda", cpu = "sm_80", features = "+ptx80", vector_bits = 32, vector_registers = 255, l1_bytes = 196608, l2_bytes = 41943040>
module attributes {seqc.target = #gpu} {
  func.func @rows(%x: tensor<?x?x8xf32>, %w: tensor<8x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> attributes {seq.schedule = #seq.schedule<fused, vector_bits = 32, rows = 1, vectors = 1>} {
    // expected-error @+1 {{expected a chunk of 0, all steps at once, or of 1 with vectors of 1 and rows of 1, 2, 4 or 8 for plan 'fused' on a GPU, but got a chunk of 1, vectors of 1 and rows of 3}}
    %y, %last = seq.recurrence (%u: tensor<8xf32> in %x) states(%h: tensor<8xf32> = %h0) {
      %n = linalg.matvec ins(%w, %h : tensor<8x8xf32>, tensor<8xf32>) outs(%u : tensor<8xf32>) -> tensor<8xf32>
      seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
    } schedule(<fused, vector_bits = 32, chunk = 1, rows = 3, vectors = 1>) : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
    return %y : tensor<?x?x8xf32>
  }
}

// -----

#gpu = #seq.target<"nvptx64-nvidia-cuda", cpu = "sm_80", features = "+ptx80", vector_bits = 32, vector_registers = 255, l1_bytes = 196608, l2_bytes = 41943040>
module attributes {seqc.target = #gpu} {
  func.func @packed(%x: tensor<?x8xf32>, %w: tensor<8x8xf32>, %cu: tensor<?xi64>, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> attributes {seq.schedule = #seq.schedule<fused, vector_bits = 32, rows = 1, vectors = 1>} {
    // expected-error @+1 {{expected a step whose kernels the host can start one after the other for a chunk of 1 on a GPU, but packed sequences have steps of their own, which the host does not know}}
    %y, %last = seq.recurrence (%u: tensor<8xf32> in %x) cu_seqlens(%cu) states(%h: tensor<8xf32> = %h0) {
      %n = linalg.matvec ins(%w, %h : tensor<8x8xf32>, tensor<8xf32>) outs(%u : tensor<8xf32>) -> tensor<8xf32>
      seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
    } schedule(<fused, vector_bits = 32, chunk = 1, rows = 4, vectors = 1>) : (tensor<?x8xf32>, tensor<?xi64>, tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
    return %y : tensor<?x8xf32>
  }
}

// -----

#gpu = #seq.target<"nvptx64-nvidia-cuda", cpu = "sm_80", features = "+ptx80", vector_bits = 32, vector_registers = 255, l1_bytes = 196608, l2_bytes = 41943040>
module attributes {seqc.target = #gpu} {
  func.func @scalars(%x: tensor<?x?xf32>, %h0: tensor<?xf32>) -> tensor<?x?xf32> attributes {seq.schedule = #seq.schedule<fused, vector_bits = 32, rows = 1, vectors = 1>} {
    // expected-error @+1 {{for a chunk of 1 on a GPU, but all values of the step are scalars}}
    %y, %last = seq.recurrence (%u: tensor<f32> in %x) states(%h: tensor<f32> = %h0) {
      %n = arith.addf %h, %u : tensor<f32>
      seq.yield next(%n : tensor<f32>) out(%n : tensor<f32>)
    } schedule(<fused, vector_bits = 32, chunk = 1, rows = 4, vectors = 1>) : (tensor<?x?xf32>, tensor<?xf32>) -> (tensor<?x?xf32>, tensor<?xf32>)
    return %y : tensor<?x?xf32>
  }
}

// -----

#gpu = #seq.target<"nvptx64-nvidia-cuda", cpu = "sm_80", features = "+ptx80", vector_bits = 32, vector_registers = 255, l1_bytes = 196608, l2_bytes = 41943040>
module attributes {seqc.target = #gpu} {
  func.func @apart(%x: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x?x8xf32> attributes {seq.schedule = #seq.schedule<fused, vector_bits = 32, rows = 1, vectors = 1>} {
    // expected-error @+1 {{for a chunk of 1 on a GPU, but the step keeps its channels apart, so that threads need not wait for each other}}
    %y, %last = seq.recurrence (%u: tensor<8xf32> in %x) states(%h: tensor<8xf32> = %h0) {
      %n = arith.addf %h, %u : tensor<8xf32>
      seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
    } schedule(<fused, vector_bits = 32, channel_tile = 1, chunk = 1, rows = 4, vectors = 1>) : (tensor<?x?x8xf32>, tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>)
    return %y : tensor<?x?x8xf32>
  }
}

// -----

#gpu = #seq.target<"nvptx64-nvidia-cuda", cpu = "sm_80", features = "+ptx80", vector_bits = 32, vector_registers = 255, l1_bytes = 196608, l2_bytes = 41943040>
module attributes {seqc.target = #gpu} {
  func.func @nested(%x: tensor<?x3x8xf32>, %w: tensor<8x8xf32>, %h0: tensor<8xf32>) -> tensor<?x8xf32> attributes {seq.schedule = #seq.schedule<fused, vector_bits = 32, rows = 1, vectors = 1>} {
    %y, %last = seq.recurrence (%u: tensor<3x8xf32> in %x) states(%h: tensor<8xf32> = %h0) {
      // expected-error @+1 {{for a chunk of 1 on a GPU, but the recurrence is inside of a loop}}
      %z, %n = seq.recurrence (%v: tensor<8xf32> in %u) states(%k: tensor<8xf32> = %h) {
        %m = linalg.matvec ins(%w, %k : tensor<8x8xf32>, tensor<8xf32>) outs(%v : tensor<8xf32>) -> tensor<8xf32>
        seq.yield next(%m : tensor<8xf32>) out(%m : tensor<8xf32>)
      } schedule(<fused, vector_bits = 32, chunk = 1, rows = 4, vectors = 1>) : (tensor<3x8xf32>, tensor<8xf32>) -> (tensor<3x8xf32>, tensor<8xf32>)
      seq.yield next(%n : tensor<8xf32>) out(%n : tensor<8xf32>)
    } schedule(<fused, vector_bits = 32, rows = 1, vectors = 32>) : (tensor<?x3x8xf32>, tensor<8xf32>) -> (tensor<?x8xf32>, tensor<8xf32>)
    return %y : tensor<?x8xf32>
  }
}
