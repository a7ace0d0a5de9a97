// Silero VAD (16 kHz): the probability that a chunk of 512 samples holds speech.
//
//   s_t = [the 64 samples before the chunk, the chunk, the last 64 samples but one mirrored]
//   F   = frames of 256 samples, 128 apart, times the Fourier basis        4 frames
//   M   = sqrt(re(F)^2 + im(F)^2)                                          129 bins each
//   e_t = four convolutions of width 3 over the frames, each with ReLU     one frame of 128
//   (h_t, c_t) = LSTM(e_t, h_{t-1}, c_{t-1})
//   p_t = sigmoid(w · relu(h_t) + b)
//
// One step of one signal. The states are the last 64 samples and the LSTM's h and c; all start as
// zero inside the function, so that its streaming form keeps them by itself. convert-weights
// writes the weights: each is the network's own with its innermost dimension the output channels.
//
// Frames are built without overlap: 640 samples are five blocks of 128, and frame j is the
// blocks j and j+1, so the Fourier transform is a convolution of width 2 over blocks.
//
//   audio [B, T, 512]   samples in [-1, 1]; the host pads the last chunk with zeros
//   result [B, T]       probabilities

#mirror = affine_map<(d0) -> (63 - d0)>
#same = affine_map<(d0) -> (d0)>

func.func @vad(
    %audio: tensor<?x?x512xf32> {seqc.dims = ["B", "T"]},
    %basis: tensor<2x128x258xf32> {seqc.param = "stft.basis"},
    %w0: tensor<3x129x128xf32> {seqc.param = "encoder.0.weight"},
    %b0: tensor<128xf32> {seqc.param = "encoder.0.bias"},
    %w1: tensor<3x128x64xf32> {seqc.param = "encoder.1.weight"},
    %b1: tensor<64xf32> {seqc.param = "encoder.1.bias"},
    %w2: tensor<3x64x64xf32> {seqc.param = "encoder.2.weight"},
    %b2: tensor<64xf32> {seqc.param = "encoder.2.bias"},
    %w3: tensor<3x64x128xf32> {seqc.param = "encoder.3.weight"},
    %b3: tensor<128xf32> {seqc.param = "encoder.3.bias"},
    %w_in: tensor<128x512xf32> {seqc.param = "lstm.weight_ih"},
    %w_rec: tensor<128x512xf32> {seqc.param = "lstm.weight_hh"},
    %b_in: tensor<512xf32> {seqc.param = "lstm.bias_ih"},
    %b_rec: tensor<512xf32> {seqc.param = "lstm.bias_hh"},
    %w_out: tensor<128xf32> {seqc.param = "decoder.weight"},
    %b_out: tensor<f32> {seqc.param = "decoder.bias"}) -> tensor<?x?xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %batch = tensor.dim %audio, %c0 : tensor<?x?x512xf32>
  %no_samples = tensor.empty(%batch) : tensor<?x64xf32>
  %silence = linalg.fill ins(%zero : f32) outs(%no_samples : tensor<?x64xf32>) -> tensor<?x64xf32>
  %no_state = tensor.empty(%batch) : tensor<?x128xf32>
  %rest = linalg.fill ins(%zero : f32) outs(%no_state : tensor<?x128xf32>) -> tensor<?x128xf32>
  %one = arith.constant dense<1.0> : tensor<128xf32>
  %one_0d = arith.constant dense<1.0> : tensor<f32>
  %none_4x128 = arith.constant dense<0.0> : tensor<1x4x128xf32>
  %none_2x64 = arith.constant dense<0.0> : tensor<1x2x64xf32>
  %none_64 = arith.constant dense<0.0> : tensor<1x1x64xf32>
  %none_1x128 = arith.constant dense<0.0> : tensor<1x1x128xf32>
  %none_128 = arith.constant dense<0.0> : tensor<128xf32>

  %p, %last_context, %last_h, %last_c = seq.recurrence (%chunk: tensor<512xf32> in %audio)
      states(%context: tensor<64xf32> = %silence, %h: tensor<128xf32> = %rest,
             %c: tensor<128xf32> = %rest) {
    // The signal: context, chunk, and 64 samples mirrored at the chunk's last one.
    %next_context = tensor.extract_slice %chunk[448] [64] [1] : tensor<512xf32> to tensor<64xf32>
    %tail = tensor.extract_slice %chunk[447] [64] [1] : tensor<512xf32> to tensor<64xf32>
    %no_mirror = tensor.empty() : tensor<64xf32>
    %mirrored = linalg.generic {indexing_maps = [#mirror, #same], iterator_types = ["parallel"]}
        ins(%tail : tensor<64xf32>) outs(%no_mirror : tensor<64xf32>) {
    ^bb0(%sample: f32, %unused: f32):
      linalg.yield %sample : f32
    } -> tensor<64xf32>
    %signal = tensor.concat dim(0) %context, %chunk, %mirrored
        : (tensor<64xf32>, tensor<512xf32>, tensor<64xf32>) -> tensor<640xf32>
    %blocks = tensor.expand_shape %signal [[0, 1, 2]] output_shape [1, 5, 128]
        : tensor<640xf32> into tensor<1x5x128xf32>

    // Spectrum: four frames of 129 real and 129 imaginary parts, then magnitudes.
    %no_frames = tensor.empty() : tensor<1x4x258xf32>
    %zero_frames = linalg.fill ins(%zero : f32) outs(%no_frames : tensor<1x4x258xf32>)
        -> tensor<1x4x258xf32>
    %frames = linalg.conv_1d_nwc_wcf {strides = dense<1> : vector<1xi64>, dilations = dense<1> : vector<1xi64>}
        ins(%blocks, %basis : tensor<1x5x128xf32>, tensor<2x128x258xf32>)
        outs(%zero_frames : tensor<1x4x258xf32>) -> tensor<1x4x258xf32>
    %re = tensor.extract_slice %frames[0, 0, 0] [1, 4, 129] [1, 1, 1]
        : tensor<1x4x258xf32> to tensor<1x4x129xf32>
    %im = tensor.extract_slice %frames[0, 0, 129] [1, 4, 129] [1, 1, 1]
        : tensor<1x4x258xf32> to tensor<1x4x129xf32>
    %re2 = arith.mulf %re, %re : tensor<1x4x129xf32>
    %im2 = arith.mulf %im, %im : tensor<1x4x129xf32>
    %power = arith.addf %re2, %im2 : tensor<1x4x129xf32>
    %magnitude = math.sqrt %power : tensor<1x4x129xf32>

    // Encoder: 4 frames of 129, 4 of 128, 2 of 64, 1 of 64, 1 of 128.
    %x0 = tensor.pad %magnitude low[0, 1, 0] high[0, 1, 0] {
    ^bb0(%n: index, %w: index, %k: index):
      tensor.yield %zero : f32
    } : tensor<1x4x129xf32> to tensor<1x6x129xf32>
    %empty0 = tensor.empty() : tensor<1x4x128xf32>
    %bias0 = linalg.broadcast ins(%b0 : tensor<128xf32>) outs(%empty0 : tensor<1x4x128xf32>) dimensions = [0, 1]
    %y0 = linalg.conv_1d_nwc_wcf {strides = dense<1> : vector<1xi64>, dilations = dense<1> : vector<1xi64>}
        ins(%x0, %w0 : tensor<1x6x129xf32>, tensor<3x129x128xf32>)
        outs(%bias0 : tensor<1x4x128xf32>) -> tensor<1x4x128xf32>
    %relu0 = arith.maximumf %y0, %none_4x128 : tensor<1x4x128xf32>

    %x1 = tensor.pad %relu0 low[0, 1, 0] high[0, 1, 0] {
    ^bb0(%n: index, %w: index, %k: index):
      tensor.yield %zero : f32
    } : tensor<1x4x128xf32> to tensor<1x6x128xf32>
    %empty1 = tensor.empty() : tensor<1x2x64xf32>
    %bias1 = linalg.broadcast ins(%b1 : tensor<64xf32>) outs(%empty1 : tensor<1x2x64xf32>) dimensions = [0, 1]
    %y1 = linalg.conv_1d_nwc_wcf {strides = dense<2> : vector<1xi64>, dilations = dense<1> : vector<1xi64>}
        ins(%x1, %w1 : tensor<1x6x128xf32>, tensor<3x128x64xf32>)
        outs(%bias1 : tensor<1x2x64xf32>) -> tensor<1x2x64xf32>
    %relu1 = arith.maximumf %y1, %none_2x64 : tensor<1x2x64xf32>

    %x2 = tensor.pad %relu1 low[0, 1, 0] high[0, 1, 0] {
    ^bb0(%n: index, %w: index, %k: index):
      tensor.yield %zero : f32
    } : tensor<1x2x64xf32> to tensor<1x4x64xf32>
    %empty2 = tensor.empty() : tensor<1x1x64xf32>
    %bias2 = linalg.broadcast ins(%b2 : tensor<64xf32>) outs(%empty2 : tensor<1x1x64xf32>) dimensions = [0, 1]
    %y2 = linalg.conv_1d_nwc_wcf {strides = dense<2> : vector<1xi64>, dilations = dense<1> : vector<1xi64>}
        ins(%x2, %w2 : tensor<1x4x64xf32>, tensor<3x64x64xf32>)
        outs(%bias2 : tensor<1x1x64xf32>) -> tensor<1x1x64xf32>
    %relu2 = arith.maximumf %y2, %none_64 : tensor<1x1x64xf32>

    %x3 = tensor.pad %relu2 low[0, 1, 0] high[0, 1, 0] {
    ^bb0(%n: index, %w: index, %k: index):
      tensor.yield %zero : f32
    } : tensor<1x1x64xf32> to tensor<1x3x64xf32>
    %empty3 = tensor.empty() : tensor<1x1x128xf32>
    %bias3 = linalg.broadcast ins(%b3 : tensor<128xf32>) outs(%empty3 : tensor<1x1x128xf32>) dimensions = [0, 1]
    %y3 = linalg.conv_1d_nwc_wcf {strides = dense<1> : vector<1xi64>, dilations = dense<1> : vector<1xi64>}
        ins(%x3, %w3 : tensor<1x3x64xf32>, tensor<3x64x128xf32>)
        outs(%bias3 : tensor<1x1x128xf32>) -> tensor<1x1x128xf32>
    %relu3 = arith.maximumf %y3, %none_1x128 : tensor<1x1x128xf32>
    %feature = tensor.collapse_shape %relu3 [[0, 1, 2]] : tensor<1x1x128xf32> into tensor<128xf32>

    // LSTM, gates in the order i, f, g, o.
    %input = linalg.vecmat ins(%feature, %w_in : tensor<128xf32>, tensor<128x512xf32>)
        outs(%b_in : tensor<512xf32>) -> tensor<512xf32>
    %recurrent = linalg.vecmat ins(%h, %w_rec : tensor<128xf32>, tensor<128x512xf32>)
        outs(%b_rec : tensor<512xf32>) -> tensor<512xf32>
    %sum = arith.addf %input, %recurrent : tensor<512xf32>
    %i_sum = tensor.extract_slice %sum[0] [128] [1] : tensor<512xf32> to tensor<128xf32>
    %f_sum = tensor.extract_slice %sum[128] [128] [1] : tensor<512xf32> to tensor<128xf32>
    %g_sum = tensor.extract_slice %sum[256] [128] [1] : tensor<512xf32> to tensor<128xf32>
    %o_sum = tensor.extract_slice %sum[384] [128] [1] : tensor<512xf32> to tensor<128xf32>
    %i_n = arith.negf %i_sum : tensor<128xf32>
    %i_e = math.exp %i_n : tensor<128xf32>
    %i_d = arith.addf %one, %i_e : tensor<128xf32>
    %i = arith.divf %one, %i_d : tensor<128xf32>
    %f_n = arith.negf %f_sum : tensor<128xf32>
    %f_e = math.exp %f_n : tensor<128xf32>
    %f_d = arith.addf %one, %f_e : tensor<128xf32>
    %f = arith.divf %one, %f_d : tensor<128xf32>
    %g = math.tanh %g_sum : tensor<128xf32>
    %o_n = arith.negf %o_sum : tensor<128xf32>
    %o_e = math.exp %o_n : tensor<128xf32>
    %o_d = arith.addf %one, %o_e : tensor<128xf32>
    %o = arith.divf %one, %o_d : tensor<128xf32>
    %kept = arith.mulf %f, %c : tensor<128xf32>
    %written = arith.mulf %i, %g : tensor<128xf32>
    %next_c = arith.addf %kept, %written : tensor<128xf32>
    %squashed = math.tanh %next_c : tensor<128xf32>
    %next_h = arith.mulf %o, %squashed : tensor<128xf32>

    // Decoder.
    %active = arith.maximumf %next_h, %none_128 : tensor<128xf32>
    %score = linalg.dot ins(%active, %w_out : tensor<128xf32>, tensor<128xf32>)
        outs(%b_out : tensor<f32>) -> tensor<f32>
    %minus = arith.negf %score : tensor<f32>
    %e = math.exp %minus : tensor<f32>
    %d = arith.addf %one_0d, %e : tensor<f32>
    %speech = arith.divf %one_0d, %d : tensor<f32>
    seq.yield next(%next_context, %next_h, %next_c : tensor<64xf32>, tensor<128xf32>, tensor<128xf32>)
        out(%speech : tensor<f32>)
  } : (tensor<?x?x512xf32>, tensor<?x64xf32>, tensor<?x128xf32>, tensor<?x128xf32>)
      -> (tensor<?x?xf32>, tensor<?x64xf32>, tensor<?x128xf32>, tensor<?x128xf32>)
  return %p : tensor<?x?xf32>
}
