# Finds LLVM and MLIR 22. Debian's packages are found through llvm-config-22; another
# installation is given as -DMLIR_DIR=<prefix>/lib/cmake/mlir.
if(NOT MLIR_DIR)
  find_program(LLVM_CONFIG NAMES llvm-config-22)
  if(LLVM_CONFIG)
    execute_process(COMMAND ${LLVM_CONFIG} --cmakedir OUTPUT_VARIABLE dir
                    OUTPUT_STRIP_TRAILING_WHITESPACE)
    cmake_path(SET MLIR_DIR NORMALIZE "${dir}/../mlir")
  endif()
endif()
find_package(MLIR REQUIRED CONFIG)
if(NOT LLVM_VERSION_MAJOR EQUAL 22)
  message(FATAL_ERROR "expected LLVM/MLIR 22, but got ${LLVM_PACKAGE_VERSION} from ${MLIR_DIR}")
endif()
message(STATUS "LLVM ${LLVM_PACKAGE_VERSION} from ${LLVM_LIBRARY_DIR}")

list(APPEND CMAKE_MODULE_PATH ${MLIR_CMAKE_DIR} ${LLVM_CMAKE_DIR})
include(TableGen)
include(AddLLVM)
include(AddMLIR)
include_directories(SYSTEM ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
include_directories(${PROJECT_SOURCE_DIR}/include ${PROJECT_BINARY_DIR}/include)
add_definitions(${LLVM_DEFINITIONS})

# All archives at once, for programs that must not depend on LLVM's shared libraries.
file(GLOB SEQC_LLVM_ARCHIVES ${LLVM_LIBRARY_DIR}/libMLIR*.a ${LLVM_LIBRARY_DIR}/libLLVM*.a)
list(FILTER SEQC_LLVM_ARCHIVES EXCLUDE REGEX "Test|MLIRCAPI|RegisterAll|ExecutionEngineShared|MLIRMlir|LLVMExegesis")
