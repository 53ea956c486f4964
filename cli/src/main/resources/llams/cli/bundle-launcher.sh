#!/usr/bin/env bash
# Starts LLaMS with the Java that lies beside this script.
set -u

# The directory of this script, also when it is called through symbolic links.
script=${BASH_SOURCE[0]}
while [ -L "$script" ]; do
  link=$(readlink "$script")
  case $link in
    /*) script=$link ;;
    *) script=${script%"${script##*/}"}$link ;;
  esac
done
here=${script%"${script##*/}"}
here=$(cd -P "${here:-.}" && pwd) || exit 1

# Java decodes arguments and file names as the locale says; outside a UTF-8 one, Korean text would be lost.
case ${LC_ALL:-${LC_CTYPE:-${LANG:-}}} in
  *[Uu][Tt][Ff]8* | *[Uu][Tt][Ff]-8*) ;;
  *) export LC_ALL=C.UTF-8 ;;
esac

# How the program was called, for commands that it prints: by its name alone if the PATH leads here.
called=$0
[ "$(command -v -- "${0##*/}")" != "$0" ] || called=${0##*/}

terminals=
for descriptor in 0 1 2; do
  [ ! -t $descriptor ] || terminals+=$descriptor
done
terminal=("-Dllams.program=$called" "-Dllams.terminals=$terminals")
if [ -t 2 ]; then
  columns=$(stty size <&2 2>/dev/null)
  columns=${columns##* }
  terminal+=("-Dllams.terminalColumns=${columns:-80}")
fi

# The benchmarks' harness starts from a class path, without the GPU device.
if [ "${1:-}" = bench ]; then
  start=(--add-modules=jdk.incubator.vector --enable-native-access=ALL-UNNAMED -cp "$here/lib/*:$here/bench/*" llams.cli.Main)
# With the GPU device, TornadoVM's own flags; its modules are found by module path.
elif [ -f "$here/tornado/flags" ]; then
  export TORNADOVM_HOME=$here/tornado
  # What TornadoVM's own library loads may have been packed beside it.
  export LD_LIBRARY_PATH=$here/tornado/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
  start=()
  while IFS= read -r flag; do
    start+=("${flag//@HERE@/$here}")
  done <"$here/tornado/flags"
  memory=${LLAMS_GPU_MEMORY:-}
  if [ -z "$memory" ]; then
    memory=$(nvidia-smi --query-gpu=memory.total --format=csv,noheader,nounits 2>/dev/null | head -1)
    # It prints what is wrong where the number would be, and of a part of a card (MIG) it may know none. Then there is no limit with
    # CUDA but the card's, and TornadoVM's own of 4 GB with OpenCL.
    case $memory in
      '' | *[!0-9]*) memory= ;;
      *) memory=${memory}MB ;;
    esac
  fi
  start+=(@"$here/gpu/gpu.flags" ${memory:+"-Dtornado.device.memory=$memory"}
    -cp "$here/gpu/*" -p "$here/lib:$here/tornado/share/java/tornado" -m llams.cli/llams.cli.Main)
else
  start=(--add-modules=jdk.incubator.vector --enable-native-access=ALL-UNNAMED -cp "$here/lib/*" llams.cli.Main)
fi

own=(@"$here/java.flags")
if [ "${1:-}" = replay ]; then
  own+=(@"$here/once.flags")
  # As many compilers as Java has on four processors.
  [ "$(getconf _NPROCESSORS_ONLN)" -gt 3 ] || own+=(-XX:CICompilerCount=3 -XX:-UseDynamicNumberOfCompilerThreads)
fi

# Java's warning that an incubator module is in use is filtered out; the program puts the true stderr, 3, back in its place.
exec 3>&2
# shellcheck disable=SC2086 # LLAMS_JAVA_OPTS holds several words
exec "$here/runtime/bin/java" -Xlog:disable -Dllams.stderr=3 "${own[@]}" "${terminal[@]}" ${LLAMS_JAVA_OPTS:-} \
  "${start[@]}" "$@" 2> >(exec grep -v '^WARNING: Using incubator modules: ' >&3)
