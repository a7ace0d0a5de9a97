// The tasks of parallel loops as kernels: one thread an item, or one block.
#include "Tasks.h"
#include "seqc/Target/NVPTX.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicsNVPTX.h"
#include "llvm/IR/Module.h"

using namespace llvm;
using namespace seqc;

/// What every driver takes.
static constexpr uint64_t mostArgumentBytes = 4096;

/// { addresses, sizes, scratch, items, step } of function `f`.
static StructType *argumentsOf(LLVMContext &context, const FunctionSignature &f) {
  uint64_t addresses = f.arguments.size() + f.results.size(), sizes = 0;
  for (const auto *tensors : {&f.arguments, &f.results})
    for (const TensorSignature &tensor : *tensors)
      sizes += tensor.isScalar ? tensor.elementType == ElementType::Index : tensor.dims.size();
  auto *pointer = PointerType::getUnqual(context);
  auto *i64 = Type::getInt64Ty(context);
  return StructType::get(
      context, {ArrayType::get(pointer, addresses), ArrayType::get(i64, sizes), pointer, i64, i64});
}

Expected<BlockShape> seqc::blockShapeOf(const Function &task) {
  BlockShape shape;
  Attribute asked = task.getFnAttribute(threadsAttr);
  if (!asked.isValid())
    return shape;
  shape.items = 1;
  if (asked.getValueAsString().getAsInteger(10, shape.threads) || !shape.threads ||
      shape.threads % 32 || shape.threads > mostThreads)
    return failWith("expected a multiple of 32 up to " + Twine(mostThreads) + " in '" +
                    threadsAttr + "', but got '" + asked.getValueAsString() + "'");
  return shape;
}

// What a task keeps of a channel, states and weights, becomes registers, beside those that a step
// needs; left to itself, ptxas spills some values to have more blocks. Where a block works
// together, a thread may have all that it can, or its task says how many blocks are enough.
unsigned seqc::blocksOf(const Function &task, BlockShape shape) {
  if (shape.items == 1) {
    uint64_t most = sharedBytesOfSm / (sharedBytesOf(task) + sharedBytesBeside);
    uint64_t blocks = task.getFnAttributeAsParsedInteger(blocksAttr, blocksOnSm(shape.threads));
    return unsigned(std::clamp<uint64_t>(blocks, 1, std::max<uint64_t>(most, 1)));
  }
  if (task.hasFnAttribute(blocksAttr))
    return unsigned(task.getFnAttributeAsParsedInteger(blocksAttr, 1));
  uint64_t words = 0;
  for (const Instruction &at : instructions(task))
    if (auto *alloca = dyn_cast<AllocaInst>(&at))
      if (auto size = alloca->getAllocationSize(task.getParent()->getDataLayout()))
        words += divideCeil(size->getFixedValue(), 4);
  return blocksOnSmAlone(words);
}

uint64_t seqc::sharedBytesOf(const Function &task) {
  SmallPtrSet<const GlobalVariable *, 4> found;
  SmallVector<const Value *> pending;
  for (const Instruction &at : instructions(task))
    pending.append(at.value_op_begin(), at.value_op_end());
  while (!pending.empty()) {
    const Value *value = pending.pop_back_val();
    if (auto *global = dyn_cast<GlobalVariable>(value)) {
      if (global->getAddressSpace() == sharedSpace)
        found.insert(global);
    } else if (auto *expression = dyn_cast<ConstantExpr>(value)) {
      pending.append(expression->value_op_begin(), expression->value_op_end());
    }
  }
  uint64_t bytes = 0;
  for (const GlobalVariable *global : found)
    bytes +=
        alignTo(task.getDataLayout().getTypeAllocSize(global->getValueType()), sharedAlignment);
  return bytes;
}

/// Kernel `name`: `task` for the item of this thread, or of this block.
static void makeKernel(Function &task, StringRef name, StructType *all, BlockShape shape) {
  Module &module = *task.getParent();
  LLVMContext &context = module.getContext();
  // Only tasks of a step get the step.
  bool ofStep = task.arg_size() == 6;
  StructType *arguments = ofStep ? all : StructType::get(context, all->elements().drop_back());
  auto *pointer = PointerType::getUnqual(context);
  auto *type = FunctionType::get(Type::getVoidTy(context), {pointer}, false);
  Function *kernel = Function::Create(type, GlobalValue::ExternalLinkage, name, module);
  kernel->setCallingConv(CallingConv::PTX_Kernel);
  kernel->addFnAttr("nvvm.maxntid", std::to_string(shape.threads));
  kernel->addFnAttr("nvvm.minctasm", std::to_string(blocksOf(task, shape)));
  kernel->addFnAttr(itemsAttribute, std::to_string(shape.items));
  if (uint64_t bytes = dynamicBytesOf(task))
    kernel->addFnAttr(dynamicAttribute, std::to_string(bytes));
  kernel->addFnAttr(Attribute::NoUnwind);
  kernel->addParamAttr(0, Attribute::getWithByValType(context, arguments));
  kernel->addParamAttr(0, Attribute::getWithAlignment(context, Align(8)));
  Argument *given = kernel->getArg(0);

  IRBuilder<> b(BasicBlock::Create(context, "entry", kernel));
  auto *run = BasicBlock::Create(context, "run", kernel);
  auto *done = BasicBlock::Create(context, "done", kernel);
  Type *i64 = b.getInt64Ty();
  auto special = [&](Intrinsic::ID id) {
    return b.CreateZExt(b.CreateIntrinsic(b.getInt32Ty(), id, {}), i64);
  };
  Value *item = special(Intrinsic::nvvm_read_ptx_sreg_ctaid_x);
  if (shape.items != 1) {
    Value *thread = special(Intrinsic::nvvm_read_ptx_sreg_tid_x);
    item = b.CreateNUWMul(item, b.getInt64(shape.items));
    item = b.CreateAdd(item, thread, "item", /*HasNUW=*/true, /*HasNSW=*/true);
  }
  auto place = [&](unsigned field) { return b.CreateStructGEP(arguments, given, field); };
  Value *items = b.CreateLoad(i64, place(3), "items");
  b.CreateCondBr(b.CreateICmpULT(item, items), run, done);
  b.SetInsertPoint(run);
  Value *scratch = b.CreateLoad(pointer, place(2), "scratch");
  Value *next = b.CreateAdd(item, b.getInt64(1), "next", /*HasNUW=*/true, /*HasNSW=*/true);
  SmallVector<Value *> passed = {place(0), place(1), scratch, item, next};
  if (ofStep)
    passed.push_back(b.CreateLoad(i64, place(4), "step"));
  b.CreateCall(&task, passed);
  b.CreateBr(done);
  b.SetInsertPoint(done);
  b.CreateRetVoid();
}

/// Adds the calls of `function`, and of its versions, that start tasks.
static void addStarts(Function &function, SmallVectorImpl<CallInst *> &starts) {
  for (Instruction &at : instructions(function)) {
    auto *call = dyn_cast<CallInst>(&at);
    Function *callee = call ? call->getCalledFunction() : nullptr;
    if (!callee)
      continue;
    if (is_contained({"seqc_rt_parallel_for", "seqc_rt_parallel_step"}, callee->getName()))
      starts.push_back(call);
    else if (callee->getName().starts_with((function.getName() + ".").str()))
      addStarts(*callee, starts);
  }
}

SmallVector<CallInst *> seqc::startsOfTasks(Module &host, StringRef name) {
  SmallVector<CallInst *> starts;
  for (StringRef prefix : {"seqc_body_", "seqc_fill_"})
    if (Function *function = host.getFunction((prefix + name).str()))
      addStarts(*function, starts);
  return starts;
}

void seqc::startKernels(Module &host, const ModuleSignature &signature, StringRef launch) {
  for (const FunctionSignature &f : signature.functions)
    for (auto [number, start] : enumerate(startsOfTasks(host, f.name))) {
      IRBuilder<> b(start);
      Constant *kernel =
          host.getOrInsertGlobal("seqc_kernel_" + kernelName(f.name, number), b.getInt8Ty());
      Type *pointer = b.getPtrTy();
      Type *i64 = b.getInt64Ty();
      FunctionCallee callee = host.getOrInsertFunction(launch, b.getVoidTy(), pointer, pointer,
                                                       pointer, pointer, pointer, i64, i64);
      Value *step = isOfStep(start) ? start->getArgOperand(6) : b.getInt64(0);
      b.CreateCall(callee, {start->getArgOperand(0), kernel, start->getArgOperand(2),
                            start->getArgOperand(3), start->getArgOperand(4),
                            start->getArgOperand(5), step});
      Function *task = taskOf(start);
      start->eraseFromParent();
      if (task->use_empty())
        task->eraseFromParent();
    }
  // Unlike the other it is nowhere else.
  if (Function *unused = host.getFunction("seqc_rt_parallel_step"); unused && unused->use_empty())
    unused->eraseFromParent();
}

/// True for functions that a GPU has in no form, or in one of less accuracy than ours.
static bool needsCLibrary(Intrinsic::ID function) {
  static constexpr Intrinsic::ID all[] = {
      Intrinsic::acos, Intrinsic::asin,  Intrinsic::atan, Intrinsic::atan2,  Intrinsic::cos,
      Intrinsic::cosh, Intrinsic::exp,   Intrinsic::exp2, Intrinsic::exp10,  Intrinsic::log,
      Intrinsic::log2, Intrinsic::log10, Intrinsic::pow,  Intrinsic::powi,   Intrinsic::sin,
      Intrinsic::sinh, Intrinsic::tan,   Intrinsic::tanh, Intrinsic::sincos, Intrinsic::modf};
  return is_contained(all, function);
}

Error seqc::makeKernels(Module &module, const ModuleSignature &signature) {
  SmallVector<Function *> tasks;
  for (const FunctionSignature &f : signature.functions) {
    StructType *arguments = argumentsOf(module.getContext(), f);
    uint64_t bytes = module.getDataLayout().getTypeAllocSize(arguments);
    if (bytes > mostArgumentBytes)
      return failWith("expected arguments of kernels of at most " + Twine(mostArgumentBytes) +
                      " bytes for a GPU (8 for each tensor and each of its sizes), but '" + f.name +
                      "' needs " + Twine(bytes));
    for (auto [number, start] : enumerate(startsOfTasks(module, f.name))) {
      tasks.push_back(taskOf(start));
      Expected<BlockShape> shape = blockShapeOf(*tasks.back());
      if (!shape)
        return shape.takeError();
      makeKernel(*tasks.back(), kernelName(f.name, number), arguments, *shape);
    }
  }
  for (Function *task : tasks) {
    task->setLinkage(GlobalValue::InternalLinkage);
    task->removeFnAttr(Attribute::NoInline);
    task->addFnAttr(Attribute::AlwaysInline);
  }
  // What runs on the host is not part of a device module.
  for (Function &f : make_early_inc_range(module))
    if (f.getCallingConv() != CallingConv::PTX_Kernel && !is_contained(tasks, &f) &&
        !f.isDeclaration())
      f.deleteBody();
  for (bool changed = true; changed;) {
    changed = false;
    for (Function &f : make_early_inc_range(module))
      if (f.isDeclaration() && f.use_empty()) {
        f.eraseFromParent();
        changed = true;
      }
  }
  for (Function &f : module)
    if (f.isDeclaration() && (!f.isIntrinsic() || needsCLibrary(f.getIntrinsicID())))
      return failWith("expected steps without calls of the C library for a GPU, but got one of '" +
                      f.getName() + "'");
  return Error::success();
}
