#!/usr/bin/env bash
# Packs what a machine with a GPU but without Java and Maven needs to run the CUDA tests:
#
#   analysis/engine-cuda/pack-gpu-tests.sh FOLDER [--without-fixtures]
#
# makes FOLDER/gpu-tests.tar.xz. There:
#
#   tar xf gpu-tests.tar.xz && gpu-tests/run.sh                      all tests of the module (JUnit console)
#   gpu-tests/java.sh io.moeplan.engine.cuda.FixtureTable [NAME]...  errors of every fixture, layer by layer
#   gpu-tests/java.sh io.moeplan.engine.cuda.GroupedGemmBenchmark    and the other mains among the tests
#
# Needs JDK 25 (JAVA_HOME or under /usr/lib/jvm) and Maven here.
set -euo pipefail

out=$(mkdir -p "$1" && cd "$1" && pwd)
fixtures=${2:-}
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"
console=1.14.4
java_home=${JAVA_HOME:-$(ls -d /usr/lib/jvm/*25* | head -n 1)}

mvn -B -ntp -q test-compile dependency:build-classpath -pl analysis/engine-cuda -am \
    -Dmdep.outputFile=target/test-classpath.txt -Dmdep.includeScope=test
mvn -B -ntp -q dependency:copy -Dartifact=org.junit.platform:junit-platform-console-standalone:$console \
    -DoutputDirectory="$root/analysis/engine-cuda/target/console" -pl analysis/engine-cuda

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
to=$work/gpu-tests
mkdir -p "$to/lib" "$to/classes" "$to/test-classes"
[ -d analysis/engine-cuda/target/gpu-runtime ] || "$java_home/bin/jlink" --add-modules java.base,java.logging,java.management,java.xml,jdk.management,jdk.unsupported \
    --strip-debug --no-header-files --no-man-pages --output analysis/engine-cuda/target/gpu-runtime
cp -r analysis/engine-cuda/target/gpu-runtime "$to/runtime"
for module in tensors engine engine-cuda; do
    cp -r "analysis/$module/target/classes/." "$to/classes/"
done
cp -r analysis/engine-cuda/target/test-classes/. "$to/test-classes/"
cp analysis/engine-cuda/target/console/*.jar "$to/lib/"
tr ':' '\n' < analysis/engine-cuda/target/test-classpath.txt |
    grep -E '/(jackson-[a-z]+|assertj-core)-[^/]*\.jar$' | xargs -I{} cp {} "$to/lib/"
if [ "$fixtures" != --without-fixtures ]; then
    cp -r analysis/engine/src/test/resources/models "$to/models"
fi

cat > "$to/java.sh" <<'SCRIPT'
#!/usr/bin/env bash
here=$(cd "$(dirname "$0")" && pwd)
exec "$here/runtime/bin/java" ${JAVA_OPTIONS:-} -Xmx4g --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow \
    -Dmoeplan.fixtures="${MOEPLAN_FIXTURES:-$here/models}" -cp "$here/classes:$here/test-classes:$here/lib/*" "$@"
SCRIPT
cat > "$to/run.sh" <<'SCRIPT'
#!/usr/bin/env bash
here=$(cd "$(dirname "$0")" && pwd)
exec "$here/java.sh" org.junit.platform.console.ConsoleLauncher execute --disable-banner --details=tree \
    --scan-class-path "$here/test-classes" "$@"
SCRIPT
chmod +x "$to/java.sh" "$to/run.sh"
tar -C "$work" -cJf "$out/gpu-tests.tar.xz" gpu-tests
ls -l "$out/gpu-tests.tar.xz"
