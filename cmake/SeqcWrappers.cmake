# The words with which this project declares its parts.
#
#   seqc_add_library(Name a.cpp b.cpp LINK Other DEPENDS target)   one folder of lib/
#   seqc_add_tool(name main.cpp LINK Libs [STATIC])                a program; STATIC: no LLVM .so
#   seqc_embedded_object(output a.c arch OPTIONS … DEPENDS …)      C for models, of one architecture
#   seqc_link_llvm(target STATIC|SHARED)                           the one place that knows how
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_C_STANDARD 11)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
option(SEQC_WERROR "Warnings are errors" ON)
set(SEQC_SANITIZE "" CACHE STRING "Sanitizers for our own code, e.g. address,undefined")
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)

add_library(seqc_options INTERFACE)
target_compile_options(seqc_options INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-fno-rtti -fno-exceptions -fvisibility-inlines-hidden>
  -fvisibility=hidden -ffunction-sections -fdata-sections -Wall -Wextra -Wno-unused-parameter
  $<$<BOOL:${SEQC_WERROR}>:-Werror>)
if(SEQC_SANITIZE)
  target_compile_options(seqc_options INTERFACE -fsanitize=${SEQC_SANITIZE}
    -fno-sanitize-recover=all -fno-sanitize=vptr -fno-omit-frame-pointer -g1)
  target_link_options(seqc_options INTERFACE -fsanitize=${SEQC_SANITIZE})
endif()

function(seqc_add_library name)
  cmake_parse_arguments(ARG "" "" "LINK;DEPENDS" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PUBLIC seqc_options ${ARG_LINK})
  add_dependencies(${name} seqc-tablegen ${ARG_DEPENDS})
endfunction()

function(seqc_link_llvm target mode)
  if(mode STREQUAL "STATIC")
    target_link_options(${target} PRIVATE -static-libstdc++ -static-libgcc -Wl,--gc-sections
      -Wl,--exclude-libs,ALL -Wl,-z,defs)
    target_link_libraries(${target} PRIVATE -Wl,--start-group ${SEQC_LLVM_ARCHIVES}
      -Wl,--end-group -l:libz.a -l:libzstd.a m dl pthread)
    if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT SEQC_SANITIZE)
      target_link_options(${target} PRIVATE -s)
    endif()
  else()
    target_link_libraries(${target} PRIVATE MLIR LLVM)
  endif()
  find_program(SEQC_LLD NAMES ld.lld-22 ld.lld)
  if(SEQC_LLD AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    target_link_options(${target} PRIVATE --ld-path=${SEQC_LLD})
  endif()
endfunction()

function(seqc_add_tool name)
  cmake_parse_arguments(ARG "STATIC" "" "LINK" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE ${ARG_LINK})
  if(ARG_STATIC)
    seqc_link_llvm(${name} STATIC)
  else()
    seqc_link_llvm(${name} SHARED)
  endif()
endfunction()

# By the clang of the same LLVM, without a system's headers, as if on the plainest CPU of `arch`.
# --no-default-config: what a distribution or a user adds to every compile is not for models.
function(seqc_embedded_object output source arch)
  cmake_parse_arguments(ARG "" "" "OPTIONS;DEPENDS" ${ARGN})
  find_program(SEQC_BITCODE_CLANG NAMES clang clang-22 HINTS ${LLVM_TOOLS_BINARY_DIR}
               NO_DEFAULT_PATH)
  if(NOT SEQC_BITCODE_CLANG)
    find_program(SEQC_BITCODE_CLANG NAMES clang-22 REQUIRED)
  endif()
  add_custom_command(OUTPUT ${output}
    COMMAND ${SEQC_BITCODE_CLANG} --no-default-config --target=${arch}-unknown-linux-gnu -std=c11
            -ffreestanding -fbuiltin -nostdlibinc -I${PROJECT_SOURCE_DIR}/include -fPIC
            -fvisibility=hidden -fno-stack-protector -fno-ident -Wall -Wextra -Werror
            ${ARG_OPTIONS} -c ${CMAKE_CURRENT_SOURCE_DIR}/${source} -o ${output}
    DEPENDS ${source} ${ARG_DEPENDS} VERBATIM)
endfunction()
