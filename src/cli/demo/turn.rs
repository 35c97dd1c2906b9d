//! *Your turn*: three attacks to type, and what each person can do.

use crate::cli::{
    demo::{Teller, people::People, place::Place},
    error::Error,
};

/// Says what to try.
pub(super) fn tell(
    teller: &Teller<'_>,
    place: &Place,
    base: &str,
    people: &People,
) -> Result<(), Error> {
    let (root, ca) = (place.root().display(), place.authority().display().to_string());
    teller.say(&format!(
        r#"
Your turn. Ctrl-C ends it. In another terminal:

Three attacks
  1  a byte in the store     f=$(ls -S {root}/provider/objects/object/*.sealed | head -1)
                             printf X | dd of=$f bs=1 seek=70000 conv=notrunc
                             then read it as the pilot: the connection is cut, the document quarantined
  2  a grant by SQL          sqlite3 {root}/operator/greffe.sqlite "insert into document_grant select randomblob(16), id, owner, 'anyone', 9223372036854775807, 0 from document"
                             then read as anyone: nobody gained anything
  3  the database put back   stop this, restore an older copy of {root}/operator/greffe.sqlite: it refuses to serve

Look for yourself
  openssl  echo | openssl s_client -connect {host} -CAfile {ca} 2>/dev/null | grep -E 'Protocol|Verify'
  sha256sum {root}/company/diagnostic.pdf
  age      age -d -i YOUR-KEY export.age        after: greffe export DOCUMENT --recipient NAME

Act as someone (tokens are in {root}/people.json)"#,
        host = base.trim_start_matches("https://"),
    ))?;
    for (id, name, capacity) in people.list() {
        teller.say(&format!("  {id:22} {name:18} {capacity}"))?;
    }
    teller.say(&format!(
        "  e.g. curl --cacert {ca} -H \"Authorization: Bearer $(jq -r '.people[]|select(.id==\"pilot-ia\").token' {root}/people.json)\" {base}/api/v1/me"
    ))
}
