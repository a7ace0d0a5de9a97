// The C++ wrapper: whole and stepwise sums agree, copies are independent,
// errors are exceptions.
#include "seqc-c/seqc.hpp"
#include <cstdio>

static const char text[] = "func.func @sum(%x: tensor<?x2xf32> {seqc.dims = [\"T\"]}, %s: "
                           "tensor<2xf32>)\n"
                           "    -> (tensor<?x2xf32>, tensor<2xf32>) {\n"
                           "  %y, %l = seq.recurrence (%x_t: tensor<2xf32> in %x) states(%p: "
                           "tensor<2xf32> = %s) {\n"
                           "    %n = arith.addf %p, %x_t : tensor<2xf32>\n"
                           "    seq.yield next(%n : tensor<2xf32>) out(%n : tensor<2xf32>)\n"
                           "  } : (tensor<?x2xf32>, tensor<2xf32>) -> (tensor<?x2xf32>, "
                           "tensor<2xf32>)\n"
                           "  return %y, %l : tensor<?x2xf32>, tensor<2xf32>\n"
                           "}\n";

int main(int, char **argv) {
  seqc::Module model = seqc::Module::compileText(text);
  model.save(argv[1]);
  for (seqc::Module m : {model, seqc::Module::load(argv[1])}) {
    float x[3][2] = {{1, 10}, {2, 20}, {3, 30}}, s[2] = {0, 0}, y[3][2], l[2], z[2];
    int64_t sequence[] = {3, 2}, row[] = {2}, one[] = {1, 2};
    DLTensor X = seqc_tensor(x, kDLFloat, 32, 2, sequence),
             S = seqc_tensor(s, kDLFloat, 32, 1, row),
             Y = seqc_tensor(y, kDLFloat, 32, 2, sequence),
             L = seqc_tensor(l, kDLFloat, 32, 1, row), Z = seqc_tensor(z, kDLFloat, 32, 2, one),
             N = seqc_tensor(x, kDLFloat, 32, 2, one);
    seqc::Function f = m["sum"];
    f.call({&X, &S, &Y, &L});
    seqc::Stream stream(f, {0});
    stream.step({&N, &Z});
    seqc::Stream copy = stream;
    stream.step({&N, &Z});
    copy.step({&N, &Z});
    std::printf("%s %d: %g %g, %g %g\n", f.name().c_str(), f.streams(), l[0], l[1], z[0], z[1]);
    try {
      f.call({&X});
    } catch (const seqc::Error &error) {
      std::printf("%d %s\n", error.code, error.what());
    }
    try {
      m["sun"];
    } catch (const seqc::Error &error) {
      std::printf("%s\n", error.what());
    }
  }
}
