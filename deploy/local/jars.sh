# shellcheck shell=bash
# Kafka and S3Proxy by Maven. Maven's own checks come from the server that sends the jars, so
# each set must also match the list of SHA-256 sums kept here.

ensure_jars() {
    local name fetched=
    for name in kafka s3; do
        cmp -s "$LOCAL/$name/jars.sha256" "$JARS/$name/jars.sha256" && continue
        fetch_jars "$name"
        fetched+=" $name"
    done
    rm -rf "$JARS/.maven"
    say "${fetched:+fetched}${fetched:-all there}"
}

fetch_jars() { # fetch_jars NAME
    local name=$1 new=$JARS/$1.new
    rm -rf "$new"
    mkdir -p "$new"
    # -C: a wrong checksum is an error; Maven 3 alone would only warn.
    mvn -C -B -q -f "$LOCAL/$name/pom.xml" "-Dmaven.repo.local=$JARS/.maven" \
        org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies \
        "-DoutputDirectory=$new" -DincludeScope=runtime ||
        die "Maven could not fetch the jars of $name; see $STEP_LOG"
    cp "$LOCAL/$name/jars.sha256" "$new/"
    (cd "$new" && sha256sum --quiet --strict -c jars.sha256) ||
        die "the jars of $name are not the expected ones; see $STEP_LOG"
    [ "$(find "$new" -name '*.jar' | wc -l)" -eq "$(wc -l <"$new/jars.sha256")" ] ||
        die "Maven brought jars of $name that are not in jars.sha256"
    rm -rf "${JARS:?}/$name"
    mv "$new" "$JARS/$name"
}
