# shellcheck shell=sh disable=SC2154
# ./anubis package [DIRECTORY]: makes a Debian package for machines of this architecture, in the present folder or in
# DIRECTORY, and prints its path. No root is needed, and the same sources and JDK give the same bytes, whenever, wherever
# and by whom; SOURCE_DATE_EPOCH is the time of all files in it, by default that of the jars.
# To be sourced by ./anubis, with the tree built.

into=$(readlink -f "${1:-.}") && [ -d "$into" ] || die "no such folder: ${1:-.}"
if [ -z "${SOURCE_DATE_EPOCH-}" ]; then
    SOURCE_DATE_EPOCH=$(date -d "$(sed -n 's|.*<project.build.outputTimestamp>\(.*\)</.*|\1|p' "$root/pom.xml")" +%s)
fi
export SOURCE_DATE_EPOCH
umask 022
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
trap 'exit 1' HUP INT TERM
tree=$stage/tree
ours=$tree/usr/lib/anubis
doc=$tree/usr/share/doc/anubis

# What needs no making, where it will be.
cp -r "$root/packaging/tree" "$tree"
cp "$root/wireguard-anubis" "$tree/usr/bin"
mkdir "$ours"
cp -r "$image"/lib "$image"/*.args "$root/scripts/run.sh" "$ours"
cp -r "$root"/docs/*.md "$root"/docs/network.schema.json "$root"/docs/examples "$doc"
mkdir -p "$tree/etc/wireguard"

# What the command tells of itself.
man=$tree/usr/share/man/man8
completions=$tree/usr/share/bash-completion/completions
mkdir -p "$man" "$completions"
jvm '' "@$image/short.args" man "$man"
gzip -9n "$man"/*
ln -s anubis-device.8.gz "$man/wireguard-anubis.8.gz"
jvm '' "@$image/short.args" completion bash | sed 1d >"$completions/anubis"

# The modules of the JDK that ours need, and nothing else of it. They are not compressed: the package is, and gets smaller
# so, and classes load faster.
modules=$("$jdk/bin/java" --module-path "$image/lib" --limit-modules anubis.cli --list-modules |
    sed -n 's/^\(java\|jdk\)\(\.[^@]*\)@[^ ]*$/\1\2/p' | paste -sd ,)
"$jdk/bin/jlink" --add-modules "$modules" --strip-java-debug-attributes --no-header-files --no-man-pages \
    --compress zip-0 --output "$ours/runtime" >"$stage/log" 2>&1 ||
    die "jlink of $jdk makes no runtime: $(cat "$stage/log")"
(cd "$ours/runtime" && rm -f bin/keytool lib/classlist lib/jexec lib/jrt-fs.jar)
find "$ours/runtime" "$ours/lib" -name '*.so' -exec strip --strip-unneeded {} + -o -perm -100 -type f -exec strip {} +
mkdir -p "$ours/runtime/legal"
mv "$ours/runtime/legal" "$doc/runtime"
cp "$jdk/release" "$doc/runtime"

# Which versions of the C library and the like it needs.
mkdir "$stage/debian"
printf 'Source: anubis\n\nPackage: anubis\nArchitecture: any\n' >"$stage/debian/control"
depends=$(cd "$stage" && find "$ours/runtime" "$ours/lib" -type f \( -name '*.so' -o -path '*/bin/*' -o -name jspawnhelper \) \
    -exec dpkg-shlibdeps -O -l"$ours/runtime/lib" -l"$ours/runtime/lib/server" --ignore-missing-info {} + 2>"$stage/log") ||
    die "dpkg-shlibdeps fails: $(cat "$stage/log")"
version=$(echo "$image"/lib/anubis-cli-*.jar)
version=${version##*-}
version=${version%.jar}
architecture=$(dpkg --print-architecture)
size=$(find "$tree" -path "$tree/DEBIAN" -prune -o -type f -printf '%s\n' |
    awk '{ kib += int(($1 + 1023) / 1024) } END { print kib }')
sed -i -e "s/@VERSION@/$version/" -e "s/@ARCHITECTURE@/$architecture/" -e "s/@SIZE@/$size/" \
    -e "s/@DEPENDS@/${depends#*Depends=}/" "$tree/DEBIAN/control"

(cd "$tree" && find usr -type f -exec md5sum {} + | sort -k 2 >DEBIAN/md5sums)
chmod -R u=rwX,go=rX "$tree"
chmod 700 "$tree/etc/wireguard"
find "$tree" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
package=$into/anubis_${version}_$architecture.deb
dpkg-deb --root-owner-group --build "$tree" "$package" >"$stage/log" 2>&1 || die "dpkg-deb fails: $(cat "$stage/log")"
echo "$package"
