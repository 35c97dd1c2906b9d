//! *Your turn*: three attacks to type, programs that are not ours, and what each person can do. Whatever begins with `$` can
//! be typed as it stands.

use std::{
    cmp::Reverse,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    cli::{
        demo::{Teller, people::People, place::Place},
        error::Error,
    },
    id::PartyId,
};

/// Says what to try.
pub(super) fn tell(
    teller: &Teller<'_>,
    place: &Place,
    base: &str,
    document: &str,
    people: &People,
    competitor: PartyId,
) -> Result<(), Error> {
    let (root, ca) = (place.root().display(), place.authority().display().to_string());
    let own = std::env::current_exe().unwrap_or_else(|_| "greffe".into());
    teller.say(&format!(
        r#"
Your turn. Ctrl-C here ends it. In another terminal, first, so that the commands below know who you are (sign-ins are kept
in {root}/people, nowhere else):

  $ export XDG_CONFIG_HOME={root}/people
  $ greffe() {{ {own} "$@"; }}
  $ for who in {slugs}; do greffe login --people {root}/people.json --person $who --profile $who --quiet; done

Each person's commands
{commands}
Programs that are not ours
  the service's certificate is vouched for, and TLS is 1.3
  $ echo | openssl s_client -connect {host} -CAfile {ca} 2>/dev/null | grep -E 'New,|Verif'
  what the company took away opens without the service, and is what it deposited
  $ age -d -i {root}/company/archive.key {root}/company/diagnostic.pdf.age | sha256sum
  $ sha256sum {root}/company/diagnostic.pdf

Three attacks; the first and the third need sqlite3, the third ends the service
  1  a grant by SQL, for the competitor: nobody gained anything, there is still no such thing (exit code 4)
  $ sqlite3 {root}/operator/greffe.sqlite "insert into document_grant select randomblob(16), id, owner, 'party:{competitor}', 9223372036854775807, 0 from document"
  $ greffe get {document} --profile contributor-rhein
  2  a byte of the diagnostic changed in the store: the reading is cut before it, the document quarantined
  $ printf X | dd of={object} bs=1 seek=70000 conv=notrunc status=none
  $ greffe get {document} --profile pilot-ia --output {root}/people/cut.pdf
  $ greffe get {document} --profile pilot-ia --output {root}/people/cut.pdf
  3  the database put back: keep a copy, let something happen, end the service by Ctrl-C here, put the copy back, start again
  $ sqlite3 {root}/operator/greffe.sqlite ".backup {root}/operator/yesterday.sqlite"
  $ greffe ls --profile access-acieries
  after Ctrl-C
  $ rm -f {root}/operator/greffe.sqlite-*; cp {root}/operator/yesterday.sqlite {root}/operator/greffe.sqlite
  $ greffe serve --config {root}/operator/greffe.toml
  it refuses to serve (exit code 8)
"#,
        own = own.display(),
        object = second_largest(&place.folder("provider").join("objects/object")).display(),
        host = base.trim_start_matches("https://"),
        slugs = slugs(people).join(" "),
        commands = commands(&place.root().display().to_string(), document, people),
    ))
}

/// The diagnostic as the provider has it: the second largest of his files, after the stream.
fn second_largest(folder: &Path) -> PathBuf {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let sealed =
        entries.filter(|entry| entry.path().extension().is_some_and(|end| end == "sealed"));
    let mut files: Vec<_> = sealed
        .map(|entry| (entry.metadata().map_or(0, |metadata| metadata.len()), entry.path()))
        .collect();
    files.sort_by_key(|(length, _)| Reverse(*length));
    files.into_iter().nth(1).map(|(_, path)| path).unwrap_or_default()
}

/// Whoever is signed in, each once.
fn slugs(people: &People) -> Vec<&str> {
    let mut slugs: Vec<_> = people.list().map(|(slug, ..)| slug).collect();
    slugs.dedup();
    slugs
}

/// For each person who they are and what they might type.
fn commands(root: &str, document: &str, people: &People) -> String {
    let mut text = String::new();
    for (slug, name, capacity) in people.list() {
        let typed: &[&str] = match slug {
            "contributor-acieries" => &[
                "put {root}/company/diagnostic.pdf --workstream intelligence-artificielle --kind diagnostic --receipt {root}/company/second.tlog-proof",
                "receipt verify {root}/company/second.tlog-proof --content {root}/company/diagnostic.pdf",
            ],
            "access-acieries" => &[
                "accesses {document}",
                "readers {document}",
                "openers {document}",
                "share {document} --with company:lumen-ia --until 48h --purpose 'second reading'",
                "unshare {document} company:lumen-ia",
                "party networks 'head office=203.0.113.0/24'",
            ],
            "pilot-ia" => &[
                "get {document} --output {root}/people/diagnostic.pdf --force --purpose 'diagnostic of the workstream'",
            ],
            "contributor-rhein" | "contributor-littoral" | "pilot-donnees" => &["show {document}"],
            "coordinator" => &["conflict", "directory people"],
            "committee" => &["ls"],
            "auditor" => &["audit verify", "audit entries"],
            _ => &["whoami"],
        };
        text.push_str(&format!("  {name}, {slug}, for {capacity}\n"));
        for command in typed {
            let command = command.replace("{root}", root).replace("{document}", document);
            text.push_str(&format!("  $ greffe {command} --profile {slug}\n"));
        }
    }
    text
}
