//! The picture: well-formed whatever anybody is called, without anything that runs or loads.

use quick_xml::{Reader, events::Event};

use super::{CONTENT, OWNER, shredded};
use crate::{api::service::Service, witness};

/// Every name of an element and every text, read strictly.
fn read(svg: &str) -> (Vec<String>, Vec<String>) {
    let mut reader = Reader::from_str(svg);
    reader.config_mut().check_end_names = true;
    reader.config_mut().check_comments = true;
    let (mut names, mut texts) = (Vec::new(), vec![String::new()]);
    loop {
        match reader.read_event().unwrap_or_else(|error| panic!("{error}: {svg}")) {
            Event::Start(tag) | Event::Empty(tag) => {
                for attribute in tag.attributes() {
                    let attribute = attribute.unwrap();
                    let name = String::from_utf8(attribute.key.0.to_vec()).unwrap();
                    assert!(!name.starts_with("on") && !name.ends_with("href"), "{name}: {svg}");
                }
                names.push(String::from_utf8(tag.name().0.to_vec()).unwrap());
                texts.push(String::new());
            }
            Event::Text(text) => texts.last_mut().unwrap().push_str(&text.decode().unwrap()),
            Event::GeneralRef(entity) => {
                let known = ["amp", "lt", "gt", "quot", "#39"];
                let entity = entity.decode().unwrap().into_owned();
                assert!(known.contains(&&entity[..]), "{entity}");
                texts.last_mut().unwrap().push_str(&format!("&{entity};"));
            }
            Event::End(_) => {}
            Event::Eof => return (names, texts),
            other => panic!("{other:?} in {svg}"),
        }
    }
}

async fn drawn(service: &Service, reference: &str, language: &str) -> String {
    let path = format!("/api/v1/documents/{reference}/residency");
    let ask = service.ask(OWNER, hyper::Method::GET, &path).header("accept", "image/svg+xml");
    let answer = ask.header("accept-language", language).send().await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "image/svg+xml"));
    assert_eq!(answer.header("vary"), "accept, accept-language");
    assert!(answer.header("content-security-policy").contains("sandbox; default-src 'none'"));
    String::from_utf8(answer.body.to_vec()).unwrap()
}

/// Where somebody who names a place would break out of a text, command a reader, or turn the writing.
fn hostile(text: String) -> String {
    let operator = r#"operator = "</t><script>&#x26;""#;
    let holder = r#"control_holder = "' on='\"\u202E\u0007\u2066]]>&b;<!--""#;
    text.replace("operator = \"Hébergeur (exemple)\"", operator)
        .replace("control_holder = \"its founders\"", holder)
}

#[tokio::test]
async fn a_hostile_name_is_a_text_and_nothing_else() {
    let service = Service::with(hostile).await;
    let reference = service.deposited(OWNER, "plan", CONTENT).await;

    let svg = drawn(&service, &reference, "en").await;

    let (names, texts) = read(&svg);
    let known = ["svg", "title", "desc", "style", "rect", "text", "tspan", "path"];
    assert!(names.iter().all(|name| known.contains(&&name[..])), "{names:?}");
    let said = |wanted: &str| texts.iter().any(|text| text.starts_with(wanted));
    assert!(said("&lt;/t&gt;&lt;script&gt;&amp;#x26; · declared"), "{texts:?}");
    assert!(said("&#39; on=&#39;&quot;\u{fffd}\u{fffd}\u{fffd}]]&gt;&amp;b;"), "{texts:?}");
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    assert!(!svg.contains(|c: char| turns(c) || (c.is_control() && c != '\n')), "{svg}");
}

#[tokio::test]
async fn it_is_drawn_in_both_languages_before_and_after_destruction() {
    let service = Service::with(super::two_places).await;
    let reference = service.deposited(OWNER, "plan", CONTENT).await;
    witness::signed(&service).await;

    let (english, french) =
        (drawn(&service, &reference, "en").await, drawn(&service, &reference, "fr").await);
    shredded(&service, &reference).await;
    let gone = drawn(&service, &reference, "en").await;

    let rects = |svg: &str| read(svg).0.iter().filter(|name| *name == "rect").count();
    assert_eq!((rects(&english), rects(&gone)), (6, 5), "page, bytes, two places, keys, openers");
    for (svg, said) in [
        (&english, &["Süd (example)", "DE · declared", "and no log shows it"][..]),
        (&french, &["ne s&#39;ouvrent qu&#39;avec", "FR · déclaré"]),
        (&gone, &["erased", "destroyed", "nobody"]),
    ] {
        for said in said {
            assert!(svg.contains(said), "{said}: {svg}");
        }
    }
}
