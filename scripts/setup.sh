# shellcheck shell=sh disable=SC2154
# What ./anubis, ./check and the scripts of bench/ share: finding a JDK, installing what a Debian machine lacks, building.
# To be sourced with $root set to the root of the tree.

. "$root/scripts/run.sh"

build=$root/.build
image=$build/image
min_java=25

# Sets $jdk and $jdk_version if $1 is the home of a JDK that is new enough.
try_jdk() {
    [ -x "$1/bin/javac" ] && [ -r "$1/release" ] || return 1
    while IFS='="' read -r key _ value _; do
        if [ "$key" = JAVA_VERSION ]; then
            major=${value%%[!0-9]*}
            [ "${major:-0}" -ge $min_java ] || return 1
            jdk=$1 jdk_version=$value
            return 0
        fi
    done <"$1/release"
    return 1
}

# Looks in JAVA_HOME, then for the java on PATH, then in the usual folders.
find_jdk() {
    try_jdk "${JAVA_HOME:-/nowhere}" && return
    java=$(command -v java) && java=$(readlink -f "$java") && try_jdk "${java%/bin/java}" && return
    for home in /usr/lib/jvm/* /usr/java/* /opt/*jdk* /opt/java/* /usr/local/*jdk* \
        "${HOME:-/root}"/.sdkman/candidates/java/* "${HOME:-/root}"/.jdks/*; do
        try_jdk "$home" && return
    done
    return 1
}

need_jdk() {
    find_jdk || die "no JDK $min_java or newer in JAVA_HOME, on PATH or in the usual folders. Install one" \
        "(openjdk-$min_java-jdk-headless where Debian has it, else Eclipse Temurin $min_java) or set JAVA_HOME."
}

# install THING:PACKAGE...: installs the packages whose thing is not there, if root; says what is lacking, if not.
# Succeeds if nothing lacks in the end.
install() {
    ! find_lacking "$@" || return 0
    if [ "$(id -u)" != 0 ] || ! have apt-get; then
        say "this machine lacks:$lacking (on Debian: sudo apt install$lacking)"
        return 1
    fi
    say "installing with apt-get:$lacking ..."
    apt_log=$(mktemp)
    # shellcheck disable=SC2086 # a list of packages
    if { apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -qy --no-install-recommends install $lacking; } \
        >"$apt_log" 2>&1 </dev/null; then
        rm "$apt_log"
    else
        tail -n 5 "$apt_log" >&2
        rm "$apt_log"
        return 1
    fi
}

# Prints the first source of Debian's main archive; where apt update never ran, only the address tells which that is.
apt_mirror() {
    # shellcheck disable=SC2016 # apt's own
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Component: main' 'Label: Debian' | sed q)
    [ -n "$mirror" ] || mirror=$(apt-get update --print-uris | sed -n "s|^'\(.*/debian/\)dists/.*|\1|p" | sed q)
    echo "$mirror"
}

# set_up THING:PACKAGE...: as install, with all that a build needs; ends if that is not to be had.
set_up() {
    find_jdk || set -- /no/jdk:openjdk-$min_java-jdk-headless "$@"
    install mvn:maven "$@" || ready=no
    need_jdk
    have mvn || die "Maven is needed to build: apt install maven"
    [ -z "${ready-}" ]
}

# A directory's own time tells of deleted files. What has been built by another user is taken as it is.
built() {
    [ -e "$image/stamp" ] &&
        [ -z "$(find "$root"/pom.xml "$root"/*/pom.xml "$root"/*/src/main "$root"/scripts/*.args \
            -newer "$image/stamp" -print -quit)" ]
}

# Makes $image, if it is not there or older than the sources: the jars, an AOT cache for the JDK, and a stamp that is as
# old as the beginning of the build.
build() {
    aot=$image/anubis-$jdk_version.aot
    if built && [ -e "$aot" ]; then
        return
    fi
    if ! mkdir -p "$build" 2>/dev/null || ! [ -w "$build" ]; then
        built && return # without an AOT cache it is only slower
        die "the tree has to be built, and $build cannot be written: run ./anubis once as the owner of the tree"
    fi
    exec 9>"$build/lock"
    flock 9
    built || compile
    [ -e "$aot" ] || rehearse >"$build/rehearsal.log" 2>&1 9>&-
    exec 9>&-
}

compile() {
    have mvn || die "Maven is needed to build: apt install maven"
    if [ -e "$image/stamp" ]; then why="the sources have changed"; else why="first use"; fi
    say "building ($why) ..."
    rm -rf "$build/new"
    mkdir -p "$build/new/lib"
    date +%s%N >"$build/new/stamp"
    if ! (cd "$root" && umask 022 && JAVA_HOME=$jdk mvn -B -ntp -Dstyle.color=never \
        package -Dmaven.test.skip -Dspotless.check.skip -pl cli -am) >"$build/build.log" 2>&1 9>&-; then
        grep -A 2 -E '^\[(WARNING|ERROR)\]' "$build/build.log" | head -n 30 >&2
        die "the build has failed ($build/build.log)"
    fi
    cp "$root"/scripts/*.args "$build/new"
    cp -p "$root"/cli/target/lib/*.jar "$root"/cli/target/anubis-cli-*.jar "$build/new/lib"
    without_provider "$(echo "$build"/new/lib/dnsjava-*.jar)" || die "dnsjava cannot be renewed"
    with_library "$(echo "$build"/new/lib/sqlite-jdbc-*.jar)" || die "the library of SQLite cannot be unpacked"
    "$jdk/bin/java" -cp "$build/new/lib/*" "$root/scripts/CacheableJars.java" "$build"/new/lib/*.jar ||
        die "the jars cannot be renewed"
    chmod -R go+rX "$build/new"
    rm -rf "$image"
    mv "$build/new" "$image"
}

# Takes from dnsjava what would put it in the place of getaddrinfo(3) for the whole JVM.
without_provider() {
    mkdir "$build/new/dnsjava"
    (cd "$build/new/dnsjava" && "$jdk/bin/jar" -xf "$1" && rm -r META-INF/versions/18 META-INF/services &&
        "$jdk/bin/jar" -cfm "$1" META-INF/MANIFEST.MF .) && rm -r "$build/new/dnsjava"
}

# Puts the library of SQLite for this machine beside the jars, where it need not be unpacked at each start to a /tmp that may
# forbid to execute, and takes those for all machines from its jar.
with_library() {
    mkdir "$build/new/sqlite"
    (cd "$build/new/sqlite" && machine=$("$jdk/bin/java" -cp "$1" org.sqlite.util.OSInfo) &&
        "$jdk/bin/jar" -xf "$1" && mv "org/sqlite/native/$machine/libsqlitejdbc.so" "$build/new/lib" &&
        rm -r org/sqlite/native && "$jdk/bin/jar" -cfm "$1" META-INF/MANIFEST.MF .) && rm -r "$build/new/sqlite"
}
