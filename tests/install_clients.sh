#!/bin/sh
# Installs the outside programs that tests run unmodified, where that can be done; says what it does and what it can't.
# Each line: program, Debian package.
wanted='openssl openssl
chromium chromium
fc-list fontconfig
opensc-tool opensc
pkcs15-tool opensc
pcscd pcscd
ip iproute2
git git'
missing=''
for package in $(echo "$wanted" | while read -r program package; do
    command -v "$program" >/dev/null 2>&1 || echo "$package"
done | sort -u); do
    missing="$missing $package"
done
[ -e /usr/lib/pcsc/drivers/serial/libifdvpcd.so ] || missing="$missing vsmartcard-vpcd"
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
if ! fc-list :lang=ja 2>/dev/null | grep -q .; then missing="$missing fonts-noto-cjk"; fi
[ -z "$missing" ] && exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "次のものがないため、それを使うテストは飛ばされます:$missing"
    echo "入れるには: sudo apt-get install$missing"
    exit 0
fi
echo "テストで使う外部プログラムを入れます:$missing"
apt-get update -qq
# One by one is slower, but one that can't be had does not keep the others away.
for package in $missing; do
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >/dev/null ||
        echo "$package を入れられませんでした。それを使うテストは飛ばされます。"
done
