// Kernels for this CPU: the device module that becomes PTX, with each access checked. The host's
// part starts them in place of tasks (lib/Runtime/GPU/Emulator.c).
#include "Tasks.h"
#include "seqc/Target/NVPTX.h"

#include "llvm/Analysis/TargetTransformInfo.h"
#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/IntrinsicsNVPTX.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/ReplaceConstant.h"
#include "llvm/Linker/Linker.h"
#include "llvm/Transforms/Utils/Cloning.h"
#include "llvm/Transforms/Utils/LowerMemIntrinsics.h"
#include "llvm/Transforms/Utils/ValueMapper.h"

using namespace llvm;
using namespace seqc;

extern "C" {
extern const unsigned char seqc_emulator_library_x86_64[], seqc_emulator_library_aarch64[],
    seqc_emulator_jit_x86_64[], seqc_emulator_jit_aarch64[];
extern const unsigned long seqc_emulator_library_x86_64_bytes, seqc_emulator_library_aarch64_bytes,
    seqc_emulator_jit_x86_64_bytes, seqc_emulator_jit_aarch64_bytes;
}

Expected<StringRef> seqc::getEmulatorObject(const Triple &triple, RuntimeHost host) {
  auto text = [](const unsigned char *bytes, unsigned long count) {
    return StringRef(reinterpret_cast<const char *>(bytes), count);
  };
  bool jit = host == RuntimeHost::JIT;
  if (triple.isOSBinFormatELF() && triple.getArch() == Triple::x86_64)
    return jit ? text(seqc_emulator_jit_x86_64, seqc_emulator_jit_x86_64_bytes)
               : text(seqc_emulator_library_x86_64, seqc_emulator_library_x86_64_bytes);
  if (triple.isOSBinFormatELF() && triple.getArch() == Triple::aarch64)
    return jit ? text(seqc_emulator_jit_aarch64, seqc_emulator_jit_aarch64_bytes)
               : text(seqc_emulator_library_aarch64, seqc_emulator_library_aarch64_bytes);
  return failWith("expected an x86_64 or aarch64 ELF triple to emulate a GPU on, but got '" +
                  triple.str() + "'");
}

namespace {
/// The kinds of lib/Runtime/GPU/Emulator.h.
enum Kind : uint32_t {
  Reads = 1,
  Writes = 2,
  Atomic = 4,
  Acquires = 8,
  Releases = 16,
  OfBlock = 32,
  Exchange = 64,
  FailedAcquires = 128
};

/// What lanes do together: the kind, whether PTX's p is a result, too, and whether the mask is the
/// last operand.
struct Meeting {
  unsigned kind;
  bool hasSource = false, maskLast = false;
};

/// Makes a function of the host of one kernel.
struct KernelEmulation {
  Module &module;
  Function &kernel;
  LLVMContext &context;
  Function *made = nullptr;
  SmallVector<Constant *> sites, arrays;
  /// Addresses of arrays in shared memory, and their numbers.
  DenseMap<Value *, unsigned> shared;
  unsigned threads = 0, items = 0;
  bool together = false;

  KernelEmulation(Function &kernel)
      : module(*kernel.getParent()), kernel(kernel), context(module.getContext()) {}

  Error unknown(const Twine &what) {
    return failWith("expected code that the emulator knows, but got " + what + " in kernel '" +
                    kernel.getName() + "'");
  }
  Constant *text(StringRef string);
  Constant *record(ArrayRef<Constant *> fields, StringRef name);
  Constant *site(const Twine &what, uint64_t bytes, uint64_t align, unsigned kind, unsigned array);
  FunctionCallee callee(StringRef name, Type *result, ArrayRef<Type *> arguments) {
    return module.getOrInsertFunction(name, FunctionType::get(result, arguments, false));
  }
  bool isOwn(Value *pointer);
  Expected<unsigned> scopeOf(SyncScope::ID id);
  Error check(Instruction &access);
  Error replaceFence(FenceInst &fence);
  Error replaceIntrinsic(IntrinsicInst &call);
  Value *replaceMeeting(IRBuilder<> &b, IntrinsicInst &call, Meeting meeting);
  Error replaceShared();
  void expandCopies();
  Error replaceOperations();
  void countInstructions();
  uint64_t stackBytes();
  Error readShape();
  Expected<GlobalVariable *> run();
};
} // namespace

Constant *KernelEmulation::text(StringRef string) {
  return IRBuilder<>(context).CreateGlobalString(string, "seqc_emu_text", 0, &module);
}

Constant *KernelEmulation::record(ArrayRef<Constant *> fields, StringRef name) {
  Constant *value = ConstantStruct::getAnon(context, fields);
  return new GlobalVariable(module, value->getType(), /*isConstant=*/true,
                            GlobalValue::PrivateLinkage, value, name);
}

/// A seqc_emu_site.
Constant *KernelEmulation::site(const Twine &what, uint64_t bytes, uint64_t align, unsigned kind,
                                unsigned array) {
  auto number = [&](uint64_t n) { return ConstantInt::get(Type::getInt32Ty(context), n); };
  std::string name = (what + ", access #" + Twine(sites.size())).str();
  sites.push_back(record(
      {text(name), number(sites.size()), number(bytes), number(align), number(kind), number(array)},
      "seqc_emu_site"));
  return sites.back();
}

/// Memory that no other thread changes: arguments of the kernel, what the thread allocates, and
/// constants of the model.
bool KernelEmulation::isOwn(Value *pointer) {
  Value *object = getUnderlyingObject(pointer, /*MaxLookup=*/0);
  auto *global = dyn_cast<GlobalVariable>(object);
  return isa<AllocaInst>(object) || object == made->getArg(0) || (global && global->isConstant());
}

/// The bit of a scope: that of the block, or the device.
Expected<unsigned> KernelEmulation::scopeOf(SyncScope::ID id) {
  SmallVector<StringRef> names;
  context.getSyncScopeNames(names);
  StringRef name = id < names.size() ? names[id] : "?";
  if (name.empty() || name == "device")
    return 0u;
  if (name == "block")
    return unsigned(OfBlock);
  return unknown("the scope '" + name + "'");
}

static unsigned orderOf(AtomicOrdering ordering) {
  return (isAcquireOrStronger(ordering) ? Acquires : 0) |
         (isReleaseOrStronger(ordering) ? Releases : 0);
}

static StringRef orderName(unsigned kind) {
  switch (kind & (Acquires | Releases)) {
  case Acquires:
    return " (acquire)";
  case Releases:
    return " (release)";
  case Acquires | Releases:
    return " (acquire and release)";
  default:
    return " (relaxed)";
  }
}

/// A check before an access, which takes place where the check says.
Error KernelEmulation::check(Instruction &access) {
  unsigned kind = 0, place = 0;
  StringRef name;
  Type *type = nullptr;
  Align align;
  SyncScope::ID scope = SyncScope::System;
  auto *exchange = dyn_cast<AtomicCmpXchgInst>(&access);
  if (auto *load = dyn_cast<LoadInst>(&access)) {
    kind = Reads | orderOf(load->getOrdering());
    kind |= load->isAtomic() || load->isVolatile() ? Atomic : 0;
    scope = load->getSyncScopeID();
    name = "load";
    type = load->getType();
    align = load->getAlign();
  } else if (auto *store = dyn_cast<StoreInst>(&access)) {
    kind = Writes | orderOf(store->getOrdering());
    kind |= store->isAtomic() || store->isVolatile() ? Atomic : 0;
    scope = store->getSyncScopeID();
    place = store->getPointerOperandIndex();
    name = "store";
    type = store->getValueOperand()->getType();
    align = store->getAlign();
  } else if (auto *change = dyn_cast<AtomicRMWInst>(&access)) {
    // LLVM prints no order and no scope of these.
    kind = Reads | Writes | Atomic;
    name = AtomicRMWInst::getOperationName(change->getOperation());
    type = change->getType();
    align = change->getAlign();
  } else {
    kind = Reads | Writes | Atomic | Exchange | orderOf(exchange->getSuccessOrdering());
    kind |= isAcquireOrStronger(exchange->getFailureOrdering()) ? FailedAcquires : 0;
    scope = exchange->getSyncScopeID();
    name = "compare-and-exchange";
    type = exchange->getCompareOperand()->getType();
    align = exchange->getAlign();
  }
  if (kind & Atomic) {
    Expected<unsigned> ofBlock = scopeOf(scope);
    if (!ofBlock)
      return ofBlock.takeError();
    kind |= *ofBlock;
    together = true;
  }
  IRBuilder<> b(&access);
  Type *generic = b.getPtrTy();
  Value *pointer = access.getOperand(place);
  std::string what;
  raw_string_ostream(what) << name << (kind & Atomic ? orderName(kind) : "") << " of " << *type;
  Constant *where = site(what, module.getDataLayout().getTypeStoreSize(type), align.value(), kind,
                         shared.lookup(getUnderlyingObject(pointer, /*MaxLookup=*/0)));
  Value *checked = b.CreateCall(callee("seqc_emu_access", generic, {generic, generic}),
                                {b.CreateAddrSpaceCast(pointer, generic), where});
  access.setOperand(place, checked);
  // What is true of a GPU's thread alone is not so here, where threads change at calls.
  access.dropUnknownNonDebugMetadata();
  if (exchange) {
    b.SetInsertPoint(access.getNextNode());
    Value *success = b.CreateZExt(b.CreateExtractValue(exchange, 1), b.getInt32Ty());
    b.CreateCall(callee("seqc_emu_exchanged", b.getVoidTy(), {generic, generic, b.getInt32Ty()}),
                 {checked, where, success});
  }
  return Error::success();
}

Error KernelEmulation::replaceFence(FenceInst &fence) {
  Expected<unsigned> scope = scopeOf(fence.getSyncScopeID());
  if (!scope)
    return scope.takeError();
  IRBuilder<> b(&fence);
  b.CreateCall(callee("seqc_emu_fence", b.getVoidTy(), {b.getInt32Ty()}),
               {b.getInt32(orderOf(fence.getOrdering()) | *scope)});
  together = true;
  fence.eraseFromParent();
  return Error::success();
}

/// What `id` does with a warp, as a kind of lib/Runtime/GPU/Emulator.h.
static std::optional<Meeting> meetingOf(Intrinsic::ID id) {
  switch (id) {
  case Intrinsic::nvvm_bar_warp_sync:
    return Meeting{0};
#define SEQC_SHUFFLE(name, kind)                                                                   \
  case Intrinsic::nvvm_shfl_sync_##name##_i32:                                                     \
  case Intrinsic::nvvm_shfl_sync_##name##_f32:                                                     \
    return Meeting{kind};                                                                          \
  case Intrinsic::nvvm_shfl_sync_##name##_i32p:                                                    \
  case Intrinsic::nvvm_shfl_sync_##name##_f32p:                                                    \
    return Meeting{kind, /*hasSource=*/true}
    SEQC_SHUFFLE(up, 1);
    SEQC_SHUFFLE(down, 2);
    SEQC_SHUFFLE(bfly, 3);
    SEQC_SHUFFLE(idx, 4);
#undef SEQC_SHUFFLE
  case Intrinsic::nvvm_vote_all_sync:
    return Meeting{5};
  case Intrinsic::nvvm_vote_any_sync:
    return Meeting{6};
  case Intrinsic::nvvm_vote_uni_sync:
    return Meeting{7};
  case Intrinsic::nvvm_vote_ballot_sync:
    return Meeting{8};
#define SEQC_REDUCTION(name, kind)                                                                 \
  case Intrinsic::nvvm_redux_sync_##name:                                                          \
    return Meeting{kind, /*hasSource=*/false, /*maskLast=*/true}
    SEQC_REDUCTION(add, 9);
    SEQC_REDUCTION(min, 10);
    SEQC_REDUCTION(max, 11);
    SEQC_REDUCTION(umin, 12);
    SEQC_REDUCTION(umax, 13);
    SEQC_REDUCTION(and, 14);
    SEQC_REDUCTION(or, 15);
    SEQC_REDUCTION(xor, 16);
#undef SEQC_REDUCTION
  default:
    return std::nullopt;
  }
}

/// The value of `call`, which is a meeting.
Value *KernelEmulation::replaceMeeting(IRBuilder<> &b, IntrinsicInst &call, Meeting meeting) {
  together = true;
  Type *i32 = b.getInt32Ty();
  Constant *where = site(call.getCalledFunction()->getName().drop_front(strlen("llvm.nvvm.")), 0, 1,
                         meeting.kind, 0);
  SmallVector<Value *> operands(call.args());
  if (meeting.maskLast)
    std::swap(operands[0], operands[1]);
  operands.resize(4, b.getInt32(0));
  Type *given = operands[1]->getType();
  operands[1] = given->isFloatTy() ? b.CreateBitCast(operands[1], i32)
                                   : b.CreateZExtOrTrunc(operands[1], i32);
  operands.push_back(where);
  Value *got =
      b.CreateCall(callee("seqc_emu_meet", i32, {i32, i32, i32, i32, b.getPtrTy()}), operands);
  if (given->isFloatTy())
    got = b.CreateBitCast(got, given);
  if (call.getType()->isIntegerTy(1))
    return b.CreateTrunc(got, call.getType());
  if (!meeting.hasSource)
    return got;
  Value *source =
      b.CreateTrunc(b.CreateCall(callee("seqc_emu_had_source", i32, {})), b.getInt1Ty());
  Value *pair = b.CreateInsertValue(PoisonValue::get(call.getType()), got, 0);
  return b.CreateInsertValue(pair, source, 1);
}

Error KernelEmulation::replaceIntrinsic(IntrinsicInst &call) {
  IRBuilder<> b(&call);
  Type *pointer = b.getPtrTy();
  Value *value = nullptr;
  Intrinsic::ID id = call.getIntrinsicID();
  auto here = [&](StringRef what) { return site(what, 0, 1, 0, 0); };
  auto fence = [&](unsigned kind) {
    together = true;
    b.CreateCall(callee("seqc_emu_fence", b.getVoidTy(), {b.getInt32Ty()}), {b.getInt32(kind)});
  };
  switch (id) {
  case Intrinsic::nvvm_read_ptx_sreg_ctaid_x:
    value = made->getArg(1);
    break;
  case Intrinsic::nvvm_read_ptx_sreg_tid_x:
    value = made->getArg(2);
    break;
  case Intrinsic::nvvm_read_ptx_sreg_ntid_x:
    value = b.getInt32(threads);
    break;
  case Intrinsic::nvvm_read_ptx_sreg_warpsize:
    value = b.getInt32(32);
    break;
  case Intrinsic::nvvm_read_ptx_sreg_laneid:
    value = b.CreateAnd(made->getArg(2), 31);
    break;
  case Intrinsic::nvvm_read_ptx_sreg_nctaid_x:
    value = b.CreateCall(callee("seqc_emu_blocks", b.getInt32Ty(), {}));
    break;
  case Intrinsic::nvvm_barrier_cta_sync_all:
  case Intrinsic::nvvm_barrier_cta_sync_aligned_all:
    if (auto *number = dyn_cast<ConstantInt>(call.getArgOperand(0)); !number || !number->isZero())
      return unknown("a barrier other than 0");
    b.CreateCall(callee("seqc_emu_barrier", b.getVoidTy(), {pointer}), {here("barrier")});
    together = true;
    break;
  case Intrinsic::nvvm_membar_cta:
    fence(Acquires | Releases | OfBlock);
    break;
  case Intrinsic::nvvm_membar_gl:
  case Intrinsic::nvvm_membar_sys:
    fence(Acquires | Releases);
    break;
  case Intrinsic::nvvm_nanosleep:
    b.CreateCall(callee("seqc_emu_pause", b.getVoidTy(), {pointer}), {here("pause")});
    together = true;
    break;
  default:
    if (std::optional<Meeting> meeting = meetingOf(id))
      value = replaceMeeting(b, call, *meeting);
    else
      return unknown("'" + call.getCalledFunction()->getName() + "'");
  }
  if (!call.getType()->isVoidTy())
    call.replaceAllUsesWith(value);
  call.eraseFromParent();
  return Error::success();
}

/// Arrays in shared memory become those of the block.
Error KernelEmulation::replaceShared() {
  IRBuilder<> b(context);
  DenseMap<GlobalVariable *, Value *> addresses;
  uint64_t bytes = 0;
  for (Instruction &at : make_early_inc_range(instructions(*made)))
    for (Use &use : at.operands()) {
      auto *global = dyn_cast<GlobalVariable>(use.get());
      if (!global || global->getAddressSpace() != sharedSpace)
        continue;
      Value *&address = addresses[global];
      if (!address) {
        if (global->isDeclaration() || !isa<UndefValue>(global->getInitializer()))
          return unknown("shared memory '" + global->getName() +
                         "' whose size or contents the module does not leave open");
        const DataLayout &layout = module.getDataLayout();
        uint64_t size = layout.getTypeAllocSize(global->getValueType());
        // Without a number PTX has the least that the type needs.
        Align align = global->getAlign().value_or(layout.getABITypeAlign(global->getValueType()));
        bytes = alignTo(bytes, align) + size;
        arrays.push_back(ConstantStruct::getAnon(
            context, {text(global->getName()), b.getInt64(size), b.getInt64(align.value())}));
        b.SetInsertPoint(&made->getEntryBlock(), made->getEntryBlock().getFirstInsertionPt());
        Value *call = b.CreateCall(callee("seqc_emu_shared", b.getPtrTy(), {b.getInt32Ty()}),
                                   {b.getInt32(arrays.size())});
        shared[call] = arrays.size();
        address = b.CreateAddrSpaceCast(call, global->getType());
      }
      use.set(address);
    }
  if (bytes > mostSharedBytes)
    return unknown(Twine(bytes) + " bytes of shared memory, more than " + Twine(mostSharedBytes));
  return Error::success();
}

/// Copies and fills of memory become loops, as they do in PTX.
void KernelEmulation::expandCopies() {
  TargetTransformInfo facts(module.getDataLayout());
  SmallVector<MemIntrinsic *> all;
  for (Instruction &at : instructions(*made))
    if (auto *bytes = dyn_cast<MemIntrinsic>(&at))
      all.push_back(bytes);
  for (MemIntrinsic *at : all) {
    if (auto *fill = dyn_cast<MemSetInst>(at))
      expandMemSetAsLoop(fill);
    else if (auto *copy = dyn_cast<MemCpyInst>(at))
      expandMemCpyAsLoop(copy, facts);
    else if (auto *move = dyn_cast<MemMoveInst>(at); !move || !expandMemMoveAsLoop(move, facts))
      continue;
    at->eraseFromParent();
  }
}

static std::string nameOf(CallInst &call) {
  if (auto *text = dyn_cast<InlineAsm>(call.getCalledOperand()))
    return text->getAsmString().str();
  return call.getCalledFunction() ? call.getCalledFunction()->getName().str() : "a pointer";
}

/// Whether `call` has nothing to do with memory or other threads: one of ours, arithmetic, or code
/// that hides a value from the optimiser.
static bool isHarmless(CallInst &call) {
  if (auto *intrinsic = dyn_cast<IntrinsicInst>(&call))
    return intrinsic->isAssumeLikeIntrinsic() || !call.mayReadOrWriteMemory();
  auto *text = dyn_cast<InlineAsm>(call.getCalledOperand());
  if (text)
    return text->getAsmString().empty();
  return StringRef(nameOf(call)).starts_with("seqc_emu_");
}

/// All that reaches memory or other threads.
Error KernelEmulation::replaceOperations() {
  SmallVector<Instruction *> all;
  for (Instruction &at : instructions(*made))
    if (!isa<AllocaInst>(at))
      all.push_back(&at);
  for (Instruction *at : all) {
    Error problem = Error::success();
    auto *call = dyn_cast<IntrinsicInst>(at);
    if (isa<LoadInst, StoreInst>(at)) {
      if (!isOwn(getLoadStorePointerOperand(at)))
        problem = check(*at);
    } else if (isa<AtomicRMWInst, AtomicCmpXchgInst>(at)) {
      problem = check(*at);
    } else if (auto *fence = dyn_cast<FenceInst>(at)) {
      problem = replaceFence(*fence);
    } else if (call && call->getCalledFunction()->isTargetIntrinsic()) {
      problem = replaceIntrinsic(*call);
    } else if (auto *other = dyn_cast<CallInst>(at)) {
      if (!isHarmless(*other))
        problem = unknown("a call of '" + nameOf(*other) + "'");
    } else if (at->mayReadOrWriteMemory()) {
      problem = unknown("'" + Twine(at->getOpcodeName()) + "'");
    }
    if (problem)
      return problem;
  }
  return Error::success();
}

void KernelEmulation::countInstructions() {
  for (BasicBlock &block : *made) {
    IRBuilder<> b(&block, block.getFirstInsertionPt());
    b.CreateCall(callee("seqc_emu_count", b.getVoidTy(), {b.getInt64Ty()}),
                 {b.getInt64(int64_t(block.size()))});
  }
}

/// A bound of what the code keeps in memory: its own arrays, and each value once.
uint64_t KernelEmulation::stackBytes() {
  uint64_t bytes = 0;
  for (Instruction &at : instructions(*made)) {
    bytes += 16;
    if (auto *own = dyn_cast<AllocaInst>(&at))
      if (auto size = own->getAllocationSize(module.getDataLayout()))
        bytes += size->getFixedValue() + 64;
  }
  return bytes;
}

/// Threads and items of a block, as makeKernels wrote them.
Error KernelEmulation::readShape() {
  auto read = [&](StringRef name, unsigned &value) {
    return !kernel.getFnAttribute(name).getValueAsString().getAsInteger(10, value) && value;
  };
  if (!read("nvvm.maxntid", threads) || !read(itemsAttribute, items) || threads % 32 ||
      threads > mostThreads)
    return unknown("a kernel without threads and items of a block");
  return Error::success();
}

Expected<GlobalVariable *> KernelEmulation::run() {
  if (Error problem = readShape())
    return std::move(problem);
  Type *pointer = PointerType::getUnqual(context), *i32 = Type::getInt32Ty(context);
  auto *type = FunctionType::get(Type::getVoidTy(context), {pointer, i32, i32}, false);
  made =
      Function::Create(type, GlobalValue::InternalLinkage, "seqc_emu_" + kernel.getName(), module);
  ValueToValueMapTy map;
  map[kernel.getArg(0)] = made->getArg(0);
  SmallVector<ReturnInst *> returns;
  CloneFunctionInto(made, &kernel, map, CloneFunctionChangeType::LocalChangesOnly, returns);
  made->setCallingConv(CallingConv::C);
  made->setAttributes({});
  expandCopies();
  countInstructions();
  if (Error problem = replaceShared())
    return std::move(problem);
  if (Error problem = replaceOperations())
    return std::move(problem);
  // seqc_emu_kernel.
  auto number = [&](uint64_t n) { return ConstantInt::get(i32, n); };
  Constant *list = ConstantPointerNull::get(PointerType::getUnqual(context));
  if (!arrays.empty()) {
    Constant *all = ConstantArray::get(ArrayType::get(arrays[0]->getType(), arrays.size()), arrays);
    list = new GlobalVariable(module, all->getType(), /*isConstant=*/true,
                              GlobalValue::PrivateLinkage, all, "seqc_emu_arrays");
  }
  Constant *fields[] = {text(kernel.getName()),
                        made,
                        list,
                        number(arrays.size()),
                        number(threads),
                        number(items),
                        number(sites.size()),
                        number(together),
                        number(stackBytes())};
  Constant *value = ConstantStruct::getAnon(context, fields);
  return new GlobalVariable(module, value->getType(), /*isConstant=*/true,
                            GlobalValue::ExternalLinkage, value, "seqc_kernel_" + kernel.getName());
}

/// Starts kernels where `body` of function `name` would run tasks.
static void startKernels(Function &body, StringRef name) {
  Module &module = *body.getParent();
  for (auto [number, start] : enumerate(startsOfTasks(body))) {
    IRBuilder<> b(start);
    Constant *kernel =
        module.getOrInsertGlobal("seqc_kernel_" + kernelName(name, number), b.getInt8Ty());
    Type *pointer = b.getPtrTy();
    FunctionCallee launch =
        module.getOrInsertFunction("seqc_emu_launch", b.getVoidTy(), pointer, pointer, pointer,
                                   pointer, pointer, b.getInt64Ty());
    b.CreateCall(launch,
                 {start->getArgOperand(0), kernel, start->getArgOperand(2), start->getArgOperand(3),
                  start->getArgOperand(4), start->getArgOperand(5)});
    Function *task = taskOf(start);
    start->eraseFromParent();
    if (task->use_empty())
      task->eraseFromParent();
  }
}

/// Removes what was shared memory, which nothing names now.
static void dropShared(Module &module) {
  for (GlobalVariable &global : make_early_inc_range(module.globals()))
    if (global.getAddressSpace() == sharedSpace &&
        (global.removeDeadConstantUsers(), global.use_empty()))
      global.eraseFromParent();
}

Error seqc::emulateKernels(Module &host, std::unique_ptr<Module> device,
                           const ModuleSignature &signature) {
  device->setTargetTriple(host.getTargetTriple());
  device->setDataLayout(host.getDataLayout());
  SmallVector<Function *> kernels;
  for (Function &f : *device)
    if (f.getCallingConv() == CallingConv::PTX_Kernel)
      kernels.push_back(&f);
  SmallVector<Constant *> shared;
  for (GlobalVariable &global : device->globals())
    if (global.getAddressSpace() == sharedSpace)
      shared.push_back(&global);
  convertUsersOfConstantsToInstructions(shared);
  for (Function *kernel : kernels) {
    Expected<GlobalVariable *> made = KernelEmulation(*kernel).run();
    if (!made)
      return made.takeError();
    kernel->eraseFromParent();
  }
  dropShared(*device);
  if (NamedMDNode *flags = device->getModuleFlagsMetadata())
    flags->eraseFromParent();
  for (const FunctionSignature &f : signature.functions)
    startKernels(*host.getFunction("seqc_body_" + f.name), f.name);
  dropShared(host);
  if (Linker::linkModules(host, std::move(device)))
    return failWith("expected kernels that join the host's module");
  for (GlobalVariable &global : host.globals())
    if (global.getName().starts_with("seqc_kernel_") && !global.isDeclaration())
      global.setLinkage(GlobalValue::InternalLinkage);
  return Error::success();
}
