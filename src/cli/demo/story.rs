//! The first four moments: sealed, refused, recorded, decided.

use std::{io::Cursor, path::Path};

use age::secrecy::ExposeSecret as _;
use hyper::{
    Method, StatusCode,
    header::{CONTENT_TYPE, RANGE},
};
use serde_json::{Value, json};

use crate::{
    app::App,
    cli::{
        client::{Client, Error as ClientError, Upload},
        demo::{
            Teller,
            material::{LONG, Stream, pdf},
            people::People,
            place::{Place, write_secret},
        },
        error::Error,
        progress::Progress,
    },
};

const OWNER: &str = "company:acieries-du-ponant";
const WORKSTREAM: &str = "workstream:intelligence-artificielle";

/// Whoever plays.
struct Cast {
    contributor: Client,
    access: Client,
    competitor: Client,
    conflicted: Client,
    pilot: Client,
}

/// Tells the first four moments; the reference of the diagnostic that they are about.
pub(super) async fn tell(
    teller: &mut Teller<'_>,
    app: &App,
    place: &Place,
    people: &People,
) -> Result<String, Error> {
    let cast = Cast {
        contributor: people.client_of("contributor-acieries", OWNER)?,
        access: people.client_of("access-acieries", OWNER)?,
        competitor: people.client_of("contributor-rhein", "company:rhein-energie")?,
        conflicted: people.client_of("pilot-donnees", "workstream:souverainete-donnees")?,
        pilot: people.client_of("pilot-ia", WORKSTREAM)?,
    };
    let document = sealed(teller, place, &cast).await?;
    refused(teller, app, &cast, &document).await?;
    recorded(teller, &cast, &document).await?;
    decided(teller, &cast, &document).await?;
    taken(teller, place, &cast, &document).await?;
    Ok(document)
}

/// A status, whether the answer was a good one or a problem.
pub(super) fn status(
    answer: &Result<crate::cli::client::Answer, ClientError>,
) -> Option<StatusCode> {
    match answer {
        Ok(answer) => Some(answer.status),
        Err(ClientError::Problem(problem)) => Some(problem.status),
        Err(_) => None,
    }
}

/// A status as people read it.
pub(super) fn spoken(status: Option<StatusCode>) -> String {
    status.map_or_else(|| "no answer".to_owned(), |status| status.as_u16().to_string())
}

/// Creates a document for the artificial intelligence workstream, and deposits `upload` in it.
pub(super) async fn deposit(
    client: &Client,
    workstream: &str,
    kind: &str,
    title: &str,
    upload: Upload,
    media_type: &str,
) -> Result<(String, Value), Error> {
    let new = json!({ "workstream": workstream, "kind": kind, "title": title });
    let made: Value =
        client.ask(Method::POST, &["api", "v1", "documents"]).json(&new).read().await?;
    let document = made["reference"].as_str().unwrap_or_default().to_owned();
    let put = client
        .ask(Method::PUT, &["api", "v1", "documents", &document, "content"])
        .header(CONTENT_TYPE, Some(media_type))
        .upload(upload);
    Ok((document, put.read().await?))
}

async fn sealed(teller: &mut Teller<'_>, place: &Place, cast: &Cast) -> Result<String, Error> {
    teller.moment(
        "Sealed",
        "Aciéries du Ponant confides a diagnostic; only sealed bytes reach a disk.",
    )?;
    let title = "Diagnostic énergie et données, Aciéries du Ponant";
    let bytes = pdf("Diagnostic Acieries du Ponant", 3 * 1024 * 1024);
    let length = bytes.len() as u64;
    std::fs::write(place.folder("company").join("diagnostic.pdf"), &bytes)?;
    let upload = Upload::new(Cursor::new(bytes.clone()), Some(length), Progress::hidden());
    let (document, deposited) = deposit(
        &cast.contributor,
        "intelligence-artificielle",
        "diagnostic",
        title,
        upload,
        "application/pdf",
    )
    .await?;
    let number = deposited["number"].as_i64();
    let version = &deposited["number"];
    let says = format!("a PDF of {length} bytes is deposited as {document}, version {version}");
    teller.step("deposit", number == Some(1), &says)?;

    let long = Upload::new(Stream::new(), Some(LONG), Progress::hidden());
    let began = std::time::Instant::now();
    let (stream, streamed) = deposit(
        &cast.contributor,
        "intelligence-artificielle",
        "diagnostic",
        "Relevés de capteurs",
        long,
        "application/octet-stream",
    )
    .await?;
    let seconds = began.elapsed().as_secs_f64();
    let says = format!(
        "a stream of {LONG} bytes is deposited as {stream} in {seconds:.1} s, never on a disk in clear"
    );
    teller.step("stream", streamed["size"].as_u64() == Some(LONG), &says)?;

    let entry = deposited["entry"].as_str().unwrap_or_default().to_owned();
    let receipt = receipt(&cast.contributor, &entry).await?;
    let path = place.folder("company").join("diagnostic.pdf.tlog-proof");
    std::fs::write(&path, &receipt)?;
    let ok = receipt.starts_with("c2sp.org/tlog-proof@v1");
    teller.step("receipt", ok, &format!("the depositor has a receipt: {}", path.display()))?;

    let (files, found) = search(&place.folder("provider"), &[b"%PDF", title.as_bytes()])?;
    let says = format!(
        "the provider holds {files} sealed files; neither the PDF's first bytes nor its title are in any of them"
    );
    teller.step("provider-sees", files > 0 && !found, &says)?;
    let (_, found) = search(&place.folder("operator"), &[title.as_bytes(), b"Agathe Morel"])?;
    teller.step(
        "operator-sees",
        !found,
        "nor are title and depositor's name anywhere in the operator's files",
    )?;
    Ok(document)
}

/// The receipt of an entry, once its checkpoint is signed.
pub(super) async fn receipt(client: &Client, entry: &str) -> Result<String, Error> {
    loop {
        let answer = client.get(&["api", "v1", "receipts", entry]).send().await?;
        if answer.status != StatusCode::ACCEPTED {
            return Ok(String::from_utf8_lossy(&answer.bytes().await?).into_owned());
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
}

/// How many files there are, and whether one holds one of these.
pub(super) fn search(folder: &Path, needles: &[&[u8]]) -> Result<(usize, bool), Error> {
    let (mut files, mut found) = (0, false);
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            files += 1;
            let bytes = std::fs::read(path)?;
            let holds =
                |needle: &&[u8]| bytes.windows(needle.len()).any(|window| window == *needle);
            found |= needles.iter().any(holds);
        }
    }
    Ok((files, found))
}

async fn refused(
    teller: &mut Teller<'_>,
    app: &App,
    cast: &Cast,
    document: &str,
) -> Result<(), Error> {
    teller.moment("Refused", "Who may not know of it cannot tell it from one that is missing; the refusal is in the log.")?;
    let missing = crate::documents::reference::draw();
    for (who, client) in
        [("a competitor", &cast.competitor), ("a pilot in conflict", &cast.conflicted)]
    {
        let hidden = client.get(&["api", "v1", "documents", document, "content"]).send().await;
        let absent = client.get(&["api", "v1", "documents", &missing, "content"]).send().await;
        let (hidden, absent) = (told(&hidden), told(&absent));
        let says = format!(
            "{who} is told the same of {document} as of {missing}, which is not there: {hidden}"
        );
        teller.step("refused", hidden == absent && hidden.starts_with("404"), &says)?;
    }
    let sql = "select count(*) from entry where decision = 'refusal'";
    let refusals = app.writer.database().count(sql).await.unwrap_or_default();
    teller.step(
        "refusals-recorded",
        refusals >= 4,
        &format!("{refusals} refusals stand in the log"),
    )
}

fn told(answer: &Result<crate::cli::client::Answer, ClientError>) -> String {
    match answer {
        Ok(answer) => answer.status.to_string(),
        Err(ClientError::Problem(problem)) => format!("{} {}", problem.status, problem.title),
        Err(error) => error.to_string(),
    }
}

async fn recorded(teller: &mut Teller<'_>, cast: &Cast, document: &str) -> Result<(), Error> {
    teller.moment(
        "Recorded",
        "A grant lets the pilot read; the entry is durable before the first byte.",
    )?;
    let until = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24);
    let grant =
        json!({ "to": WORKSTREAM, "until": until.to_string(), "purpose": "Synthèse du chantier" });
    let given: Result<Value, _> = cast
        .access
        .ask(Method::POST, &["api", "v1", "documents", document, "grants"])
        .json(&grant)
        .read()
        .await;
    teller.step(
        "grant",
        given.is_ok(),
        "the access manager grants the pilot's workstream to read, for a day, for a purpose",
    )?;
    let whole = cast.pilot.get(&["api", "v1", "documents", document, "content"]).send().await?;
    let bytes = whole.bytes().await?;
    let says = format!("the pilot reads all {} bytes of a PDF", bytes.len());
    teller.step("read-whole", bytes.starts_with(b"%PDF") && bytes.ends_with(b"%%EOF\n"), &says)?;
    let range = cast
        .pilot
        .get(&["api", "v1", "documents", document, "content"])
        .header(RANGE, Some("bytes=100000-100099"))
        .send()
        .await?;
    let partial = range.status == StatusCode::PARTIAL_CONTENT;
    let piece = range.bytes().await?;
    let ok = partial && piece[..] == bytes[100_000..100_100];
    teller.step("read-range", ok, "and a range of 100 bytes, for which two chunks were fetched")?;

    let accesses: Value =
        cast.access.get(&["api", "v1", "documents", document, "accesses"]).read().await?;
    let list = accesses["entries"].as_array().cloned().unwrap_or_default();
    let reads =
        list.iter().filter(|access| access["person"] == "pilot-ia" && access["act"] == "read");
    let reads = reads.count();
    let says = format!(
        "the company sees {} entries about it, {reads} of them the pilot's reading, with person, capacity, address and ground",
        list.len()
    );
    teller.step("who-accessed", reads >= 2, &says)?;
    let openers: Value =
        cast.access.get(&["api", "v1", "documents", document, "openers"]).read().await?;
    let says =
        format!("who technically can open it is said too: {}", openers["openers"][1]["with"]);
    teller.step("who-can", openers["openers"].is_array(), &says)
}

async fn decided(teller: &mut Teller<'_>, cast: &Cast, document: &str) -> Result<(), Error> {
    teller.moment(
        "Decided",
        "The owner's own text forbids from the next request on; a draft ends by itself.",
    )?;
    let text = "@id(\"certificate-only\")\nforbid (principal, action == Action::\"read\", resource)\nunless { context.certificate };\n";
    let party = ["api", "v1", "parties", OWNER, "restrictions"];
    let saved = cast.access.ask(Method::PUT, &party).text(text.to_owned()).send().await;
    let ok = saved.is_ok();
    let says = match &saved {
        Ok(_) => "the company adds: no reading without a client certificate".to_owned(),
        Err(error) => format!("the company's text was not saved: {error}"),
    };
    teller.step("restrict", ok, &says)?;
    let refused = cast.pilot.get(&["api", "v1", "documents", document, "content"]).send().await;
    let ok = status(&refused) == Some(StatusCode::FORBIDDEN);
    teller.step(
        "restricted",
        ok,
        &format!("the pilot's next request is refused: {}", told(&refused)),
    )?;
    let lifted = cast.access.ask(Method::PUT, &party).text(String::new()).send().await;
    let again = cast.pilot.get(&["api", "v1", "documents", document, "content"]).send().await;
    let ok = lifted.is_ok() && status(&again) == Some(StatusCode::OK);
    let says =
        format!("the company takes it back, and the pilot reads ({})", spoken(status(&again)));
    teller.step("restriction-lifted", ok, &says)?;
    let permit = "permit (principal, action, resource);";
    let widened = cast.access.ask(Method::PUT, &party).text(permit.to_owned()).send().await;
    let ok = widened.is_err();
    teller.step(
        "permit-refused",
        ok,
        &format!("a text that would permit is not saved: {}", told(&widened)),
    )?;

    let bytes = b"Version de travail: recommandations.".to_vec();
    let upload = Upload::new(Cursor::new(bytes), None, Progress::hidden());
    let (draft, _) = deposit(
        &cast.pilot,
        "intelligence-artificielle",
        "draft",
        "Version de travail n°1",
        upload,
        "text/plain",
    )
    .await?;
    let until = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(2);
    let grant = json!({ "to": "company:rhein-energie", "until": until.to_string() });
    cast.pilot
        .ask(Method::POST, &["api", "v1", "documents", &draft, "grants"])
        .json(&grant)
        .send()
        .await?;
    let content = ["api", "v1", "documents", &draft, "content"];
    let before = status(&cast.competitor.get(&content).send().await);
    tokio::time::sleep(std::time::Duration::from_millis(2_100)).await;
    let after = status(&cast.competitor.get(&content).send().await);
    let ok = before == Some(StatusCode::OK) && after == Some(StatusCode::NOT_FOUND);
    let says = format!(
        "a draft shared for two seconds is read ({}), and after them is not there ({})",
        spoken(before),
        spoken(after)
    );
    teller.step("ends-by-itself", ok, &says)
}

/// The company takes its own document away: sealed anew to a key of its own, opened here as anybody's age opens it.
async fn taken(
    teller: &mut Teller<'_>,
    place: &Place,
    cast: &Cast,
    document: &str,
) -> Result<(), Error> {
    let identity = age::x25519::Identity::generate();
    let key = place.folder("company").join("archive.key");
    write_secret(&key, identity.to_string().expose_secret().as_bytes())?;
    let recipient = json!({ "name": "archive", "recipient": identity.to_public().to_string() });
    let path = ["api", "v1", "parties", OWNER, "recipients"];
    cast.access.ask(Method::POST, &path).json(&recipient).send().await?;
    let asked = cast.contributor.get(&["api", "v1", "documents", document, "age"]);
    let file = asked.query("recipient", Some("archive")).send().await?.bytes().await?;
    let path = place.folder("company").join("diagnostic.pdf.age");
    std::fs::write(&path, &file)?;
    let original = std::fs::read(place.folder("company").join("diagnostic.pdf"))?;
    let ok = age::decrypt(&identity, &file).is_ok_and(|opened| opened == original);
    let says = format!(
        "the company takes it away; any age program opens it by its own key: {}",
        path.display()
    );
    teller.step("taken-away", ok, &says)
}
