//! What every command says in each language, and where it says it.

use serde_json::json;

use super::{Desk, json, problem};

#[tokio::test(flavor = "multi_thread")]
async fn french_is_spoken_where_it_is_asked_for_and_json_never_is() {
    let desk = Desk::signed_in(|_| problem(404, &json!({}))).await;

    let french = desk.run(&["show", "x", "--lang", "fr"]).await;
    let plain = desk.run(&["show", "x", "--lang", "fr", "--json"]).await;

    assert_eq!((french.exit, plain.exit), (4, 4));
    assert!(french.err.contains("cela n'existe pas"), "{french:?}");
    let told: serde_json::Value = serde_json::from_str(plain.err.trim()).unwrap();
    assert_eq!((&told["error"], &told["exit"]), (&json!("problem-missing"), &json!(4)));
    assert_eq!(desk.service.asked()[0].header("accept-language"), Some("fr"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_is_piped_is_tab_separated_and_cannot_command_the_terminal() {
    let desk = Desk::signed_in(|_| {
        let row = json!({"reference": "K3T-7KQ4-2M", "title": "a\u{1b}[2Jb", "kind": "draft"});
        json(200, &json!({"documents": [row], "next": null}))
    })
    .await;

    let ended = desk.run(&["ls"]).await;

    assert_eq!(ended.exit, 0, "{ended:?}");
    assert!(ended.out.starts_with("K3T-7KQ4-2M\ta\u{fffd}[2Jb\tdraft\t"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_ends_even_if_the_cursor_does_not_move() {
    let desk = Desk::signed_in(|_| json(200, &json!({"documents": [], "next": "same"}))).await;

    let ended = desk.run(&["ls"]).await;

    assert_eq!((ended.exit, desk.service.paths().len()), (0, 2), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destruction_is_confirmed_or_forced() {
    let desk = Desk::signed_in(|_| json(200, &json!({"reference": "K3T-7KQ4-2M"}))).await;

    let asked = desk.run(&["shred", "K3T-7KQ4-2M", "--reason", "x"]).await;
    assert_eq!(asked.exit, 2, "{asked:?}");
    assert!(desk.service.paths().iter().all(|path| path.starts_with("GET")));

    let forced = desk.run(&["shred", "K3T-7KQ4-2M", "--reason", "x", "--force"]).await;
    assert_eq!(forced.exit, 0, "{forced:?}");
    assert!(desk.service.paths().last().unwrap().starts_with("DELETE"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_line_that_makes_no_sense_ends_with_two() {
    let desk = Desk::new(|_| problem(404, &json!({}))).await;

    for line in [&["put"][..], &["get"], &["nothing"], &["get", "x", "--range", "9"]] {
        assert_eq!(desk.run(line).await.exit, 2, "{line:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn help_teaches_in_the_readers_language() {
    let desk = Desk::new(|_| problem(404, &json!({}))).await;

    let english = desk.run(&["put", "--help"]).await;
    let french = desk.run(&["--lang=fr", "put", "--help"]).await;

    assert_eq!((english.exit, french.exit), (0, 0));
    assert!(english.out.contains("Examples:\n  greffe put diagnostic.pdf"), "{english:?}");
    assert!(french.out.contains("Exemples :\n  greffe put diagnostic.pdf"), "{french:?}");
    assert!(french.out.starts_with("Dépose des fichiers"), "{french:?}");
}
