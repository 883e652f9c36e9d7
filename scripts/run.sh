# shellcheck shell=sh disable=SC2154
# Running the command: what the launcher of the tree and the installed one (packaging/anubis) share.
# To be sourced with $image set to the folder of lib/ and *.args, $jdk to the runtime and $aot to the AOT cache, each
# before it is used.

say() { printf 'anubis: %s\n' "$*" >&2; }
die() {
    say "$@"
    exit 1
}

# Succeeds if $1 is there: a program, a shared library or a file.
have() {
    case $1 in
    /*) [ -e "$1" ] ;;
    *.so.*) for dir in /lib/*-linux-gnu /usr/lib/*-linux-gnu /lib64 /usr/lib64 /usr/lib; do
        [ -e "$dir/$1" ] && return
    done && false ;;
    *) command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ] || [ -x "/sbin/$1" ] ;;
    esac
}

# find_lacking THING:PACKAGE...: sets $lacking to the packages whose thing is not there, and succeeds if that is none.
find_lacking() {
    lacking=
    for pair; do
        have "${pair%%:*}" || lacking="$lacking ${pair#*:}"
    done
    [ -z "$lacking" ]
}

demo_needs="ip:iproute2 wg:wireguard-tools nft:nftables ping:iputils-ping sysctl:procps nsenter:util-linux"

# Succeeds if an ordinary user may have a network of his own here.
user_namespace_allowed() {
    unshare -Urnm mount -t tmpfs tmpfs /run 2>/dev/null
}

# in_user_namespace COMMAND...: becomes COMMAND, as root of a user namespace with an empty /run and no network but its own.
in_user_namespace() {
    # shellcheck disable=SC2016 # for the inner shell
    exec unshare -Urnm sh -c 'mount -t tmpfs tmpfs /run && ip link set lo up && exec "$@"' sh "$@"
}

# Makes $aot. Without an AOT cache, or with one that does not fit, the JVM starts all the same, but later; so an empty one
# is kept where none can be made. It is of use under the path of the jars alone that it was made with.
rehearse() {
    rm -f "$aot.new"
    # What it has ip and nft do to the loopback is not to be done: where these fakes cannot be executed it does no such thing.
    fakes=$(mktemp -d)
    printf '#!/bin/sh\ncase " $* " in *" -batch "*) cat >/dev/null ;; esac\n' >"$fakes/ip"
    printf '#!/bin/sh\n' >"$fakes/nft"
    chmod +x "$fakes/ip" "$fakes/nft"
    reload=
    ! "$fakes/ip" || ! "$fakes/nft" || reload=reload
    PATH=$fakes:$PATH STATE_DIRECTORY=$fakes/state "$jdk/bin/java" "@$image/jvm.args" --module-path "$image/lib" \
        -XX:AOTCacheOutput="$aot.new" -m anubis.cli/anubis.cli.Rehearsal $reload || true
    rm -rf "$fakes"
    [ -e "$aot.new" ] || : >"$aot.new"
    chmod go+r "$aot.new"
    mv "$aot.new" "$aot"
}

# jvm WRAPPER OPTIONS ARGUMENT...
# ANUBIS_JAVA_OPTS in the environment is given to the JVM after all other options, e.g. -Xmx512m.
jvm() {
    wrapper=$1 options=$2
    shift 2
    # shellcheck disable=SC2086 # lists of options
    $wrapper "$jdk/bin/java" "@$image/jvm.args" --module-path "$image/lib" -XX:AOTCache="$aot" \
        "$options" ${ANUBIS_JAVA_OPTS-} -m anubis.cli/anubis.cli.Anubis "$@"
}

# Sets $confine to the command that takes from root all capabilities but CAP_NET_ADMIN (12) and CAP_NET_BIND_SERVICE (10):
# a JVM cannot take them from threads that already run. An ordinary user has only what he was meant to have.
find_confine() {
    confine=
    while read -r key value; do
        [ "$key" != CapPrm: ] || held=$((0x$value))
    done </proc/self/status
    if [ "$(id -u)" != 0 ] || [ $((held & ~(1 << 12 | 1 << 10))) = 0 ]; then
        return
    elif ! have setpriv || [ $((held & 1 << 8)) = 0 ]; then
        say "warning: setpriv (package util-linux) or CAP_SETPCAP is lacking, so the device keeps root's capabilities"
        return
    fi
    keep=-all
    [ $((held & 1 << 12)) = 0 ] || keep=$keep,+net_admin
    [ $((held & 1 << 10)) = 0 ] || keep=$keep,+net_bind_service
    confine="setpriv --bounding-set=$keep --inh-caps=$keep --ambient-caps=$keep"
    $confine test -r "$image/jvm.args" || copy_image
}

# Root without CAP_DAC_OVERRIDE cannot read a tree in a closed home directory: the device then runs from a copy.
copy_image() {
    copy=/var/cache/anubis
    mkdir -p $copy
    exec 9>$copy/lock
    flock 9
    if ! cmp -s "$image/stamp" $copy/image/stamp; then
        rm -rf $copy/new
        cp -r --preserve=timestamps "$image" $copy/new
        rm -rf $copy/image
        mv $copy/new $copy/image
    fi
    exec 9>&-
    image=$copy/image
}

# Starts the device away from the terminal, and waits until it says that it is ready; all else that it says before is shown.
# With LOG_LEVEL it keeps the standard error, as wireguard-go does.
start_device() {
    case ${LOG_LEVEL:-silent} in
    silent) jvm "exec $confine setsid" "@$image/device.args" "$@" </dev/null 2>&1 & ;;
    *) jvm "exec $confine setsid" "@$image/device.args" "$@" </dev/null & ;;
    esac
}

await_ready() {
    while IFS= read -r line; do
        [ "$line" != ready ] || return 0
        printf '%s\n' "$line" >&2
    done
    return 1
}

# run VERB ARGUMENT...: starts the JVM as the verb needs it. Hooks may need all of root's rights, so what runs them (up -f)
# keeps them.
run() {
    export MALLOC_ARENA_MAX=1
    case ${1-} in
    device)
        find_confine
        if [ $# = 2 ] && [ "${WG_PROCESS_FOREGROUND-}" != 1 ] && [ "${2#-}" = "$2" ]; then
            cd /
            start_device "$@" | await_ready
            exit
        fi
        jvm "exec $confine" "@$image/device.args" "$@"
        ;;
    keep)
        find_confine
        jvm "exec $confine" "@$image/device.args" "$@"
        ;;
    gate)
        if [ "${2-}" = run ]; then
            find_confine
            jvm "exec $confine" "@$image/gate.args" "$@"
        fi
        ;;
    up | status | events) # what lives for weeks
        for word; do
            case $word in -f | --foreground | -w | --watch | events) jvm exec "@$image/device.args" "$@" ;; esac
        done
        ;;
    demo)
        # shellcheck disable=SC2086 # a list
        find_lacking $demo_needs || die "the demo needs$lacking (on Debian: sudo apt install$lacking)"
        if [ "$(id -u)" = 0 ]; then
            jvm exec "@$image/demo.args" "$@"
        fi
        user_namespace_allowed ||
            die "this system allows ordinary users no network namespace: sudo $ANUBIS_COMMAND demo"
        jvm in_user_namespace "@$image/demo.args" "$@"
        ;;
    esac
    jvm exec "@$image/short.args" "$@"
}
