//! Every table of authority, typed into.

use futures::StreamExt as _;

use crate::{
    administrator::{
        scene::{Scene, Seen},
        scripts::{SCRIPTS, Script},
    },
    crashes::instance::causes,
    witness,
};

#[tokio::test(flavor = "multi_thread")]
async fn explore() {
    let began = std::time::Instant::now();
    let scene = Scene::set().await;
    eprintln!("set {:?}", began.elapsed());
    let tried = futures::stream::iter(SCRIPTS).map(|script| attack(&scene, script));
    let tried: Vec<_> = tried.buffered(3).collect().await;
    for line in tried { println!("{line}"); }
    eprintln!("all {:?}", began.elapsed());
}

async fn attack(scene: &Scene, script: &Script) -> String {
    let case = format!("{} {:?} {:.70}", script.table, script.deed, script.typed[0]);
    let began = std::time::Instant::now();
    let running = scene.service.again(scene.service.copied()).await.unwrap();
    let open = began.elapsed();
    assert_eq!(scene.look(&running, &case).await, Seen::as_ever());
    let looked = began.elapsed();
    for statement in script.typed {
        let statement = scene.fill(statement);
        let both = match statement.strip_prefix("PUT BACK ") {
            Some(table) => vec![format!("delete from {table}"), format!("insert into {table} select * from kept_{table}")],
            None => vec![statement],
        };
        for s in both {
        let n = witness::sql(&running, &s).await;
        if n == 0 { eprintln!("NO ROWS {case}: {s}"); }
        }
    }
    let now = scene.look(&running, &case).await;
    let dead1 = *running.app.writer.dead().borrow();
    running.app.compare_or_stop().await;
    let dead = *running.app.writer.dead().borrow();
    running.app.close().await;
    let reopened = scene.service.again(running.copied()).await;
    let start = match reopened {
        Err(error) => causes(&error),
        Ok(reopened) => { let s = scene.look(&reopened, &case).await; reopened.app.close().await; short(&s) }
    };
    format!("{case}\n     now {} | dead {dead1} compared stops {dead} | start {start} | {open:?} {looked:?} {:?}", short(&now), began.elapsed())
}

fn short(seen: &Seen) -> String {
    if *seen == Seen::as_ever() { "as ever".into() } else { format!("{seen:?}") }
}
