//! Many gates over one PostgreSQL: how long a revocation takes, and what a server that stands still holds up.
//!
//! Nothing is tried where `GREFFE_TEST_POSTGRES` names no server. `GREFFE_REVOCATIONS` says how many revocations are timed
//! (20; 1,000 by hand on a machine that does nothing else: from a hundred on the slowest hundredth is judged).

use std::{
    env,
    time::{Duration, Instant},
};

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{Right, World, hmac_key, schema_of_its_own};
use crate::{
    audit::{self, Gate, Keyring, Writer},
    database::Database,
    id::{EntryId, PersonId},
    mission::{Error, Role},
    time::Clock,
};

const ACIERIES: &str = "company:acieries-du-ponant";
const GATES: usize = 8;
/// Clients of each gate, each in a closed loop.
const CLIENTS: usize = 4;
/// In which all but one of a hundred revocations are done.
const BAR: Duration = Duration::from_millis(250);
/// In which half of a few are done on a machine that is busy with other tests: none is starved.
const BUSY: Duration = Duration::from_secs(1);
/// No revocation takes as long, whatever the machine does.
const STARVED: Duration = Duration::from_secs(30);

/// The founding mission on PostgreSQL, where there is one.
async fn world() -> Option<World> {
    let address = schema_of_its_own().await?;
    let folder = tempfile::tempdir().unwrap();
    Some(World::at(folder, address).await.with_founding_mission().await)
}

impl World {
    /// A gate as another server has it, over connections of its own.
    async fn another_gate(&self) -> (Writer, Gate) {
        let database = Database::open(&self.address).await.unwrap();
        let keyring = Keyring::new(self.keys.clone());
        Writer::start(database, keyring, hmac_key(1), Clock::system()).await.unwrap()
    }

    /// Revokes all that this person may do for the company.
    async fn remove(&self, person: PersonId) -> Result<EntryId, Error> {
        self.authority.writer().unsigned().signed(u64::MAX);
        let administer = self.right("access-acieries", ACIERIES, Some(ACIERIES)).await;
        self.authority.remove(administer, person).await
    }

    async fn give_back(&self, person: PersonId) -> Result<EntryId, Error> {
        self.authority.writer().unsigned().signed(u64::MAX);
        let administer = self.right("access-acieries", ACIERIES, Some(ACIERIES)).await;
        self.authority.give_role(administer, person, Role::Contributor).await
    }

    /// The log has no hole and nothing twice.
    async fn assert_no_fork(&self) {
        let next = self.count("select next from sequence").await;
        let entries = self.count("select count(*) from entry").await;
        let last = self.count("select max(position) + 1 from entry").await;
        let batches = self.count("select cast(sum(n) as bigint) from batch").await;
        let ids = self.count("select count(distinct id) from entry").await;
        assert_eq!([entries, last, batches, ids], [next; 4]);
        let gaps = self.count(
            "select count(*) from batch b where b.start + b.n <> (select next from sequence) \
             and not exists (select 1 from batch c where c.start = b.start + b.n)",
        );
        assert_eq!(gaps.await, 0);
    }
}

/// Records intents until it is told to stop; how many. What moves meanwhile is decided again.
async fn read_on(writer: Writer, gate: Gate, mut right: Right, stop: CancellationToken) -> usize {
    let mut recorded = 0;
    while !stop.is_cancelled() {
        writer.unsigned().signed(u64::MAX);
        let again = right.again_from_here();
        match gate.note(right, serde_json::Map::new()).await {
            Ok((same, _)) => {
                right = same;
                recorded += 1;
            }
            // It kept moving, or the disk stood still for longer than a lock is waited for: asked again, as by a client.
            Err(audit::Error::Unsettled | audit::Error::Unavailable(_)) => right = again,
            Err(error) => panic!("{error:?}"),
        }
    }
    recorded
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_revokes_in_a_quarter_of_a_second_while_eight_gates_read_on() {
    let Some(world) = world().await else { return };
    let rounds = env::var("GREFFE_REVOCATIONS").map_or(20, |rounds| rounds.parse().unwrap());
    let stop = CancellationToken::new();
    let mut clients = JoinSet::new();
    for _ in 0..GATES {
        let (writer, gate) = world.another_gate().await;
        for _ in 0..CLIENTS {
            let right =
                world.right("contributor-littoral", "company:caisse-du-littoral", Some(ACIERIES));
            let (writer, gate, right) = (writer.clone(), gate.clone(), right.await);
            clients.spawn(read_on(writer, gate, right, stop.clone()));
        }
    }
    let person = world.person_id("contributor-acieries").await;

    let began = Instant::now();
    let mut took = Vec::new();
    for _ in 0..rounds {
        let asked = Instant::now();
        while world.remove(person).await.is_err() {
            assert!(asked.elapsed() < STARVED, "it is never revoked");
        }
        took.push(asked.elapsed());
        while world.give_back(person).await.is_err() {
            assert!(asked.elapsed() < STARVED, "it is never given back");
        }
    }
    let lasted = began.elapsed();
    stop.cancel();
    let read: usize = clients.join_all().await.into_iter().sum();

    took.sort_unstable();
    let (half, slowest) = (took[rounds / 2], took[rounds * 99 / 100]);
    let rate = read as f64 / lasted.as_secs_f64();
    eprintln!(
        "{rounds} revocations: p50 {half:?}, p99 {slowest:?}; beside them {rate:.0} intents/s"
    );
    assert!(read > rounds, "nobody read beside them");
    assert!(half < BUSY && (rounds < 100 || slowest < BAR), "p50 {half:?}, p99 {slowest:?}");
    world.assert_no_fork().await;
}

#[cfg(feature = "failpoints")]
mod stopped {
    use std::process::{Child, Command, Stdio};

    use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

    use super::*;
    use crate::{
        audit::{Denial, Draft, Verdict, What},
        database::Revisions,
    };

    /// Where the server that is stopped finds the database; says that this process is that server.
    const AT: &str = "GREFFE_TEST_STOPPED_AT";
    /// By when another server goes on: the session that stands still ends after 5 s, and a lock is waited for 2 s.
    const GOES_ON: Duration = Duration::from_secs(10);
    /// The same where nothing is held.
    const AT_ONCE: Duration = Duration::from_secs(2);

    /// A process that stops itself at a point of the append, and is killed with the test.
    struct Server(Child);

    impl Drop for Server {
        fn drop(&mut self) {
            let _ended = self.0.kill();
            let _reaped = self.0.wait();
        }
    }

    impl Server {
        fn start(world: &World, point: &str, path: &str) -> Self {
            let test = "mission::tests::gates::stopped::postgres_goes_on_beside_a_server_that_stands_still";
            let mut own = Command::new(env::current_exe().unwrap());
            let own = own.args(["--exact", "--nocapture", test]);
            let crate::database::Address::Postgres(address) = &world.address else { panic!() };
            let own = own.env(AT, format!("{address} {point} {path}")).stderr(Stdio::piped());
            Self(own.spawn().unwrap())
        }

        fn pid(&self) -> Pid {
            Pid::from_child(&self.0)
        }

        /// Waits until it stands still.
        async fn stands_still(&self) {
            let pid = self.pid();
            let waited =
                tokio::task::spawn_blocking(move || waitpid(Some(pid), WaitOptions::UNTRACED));
            let (_, status) = waited.await.unwrap().unwrap().unwrap();
            assert!(status.stopped(), "it ended: {status:?}");
        }

        /// Lets it go on; what it then said of its own entry.
        fn goes_on(mut self) -> String {
            use std::io::Read as _;

            kill_process(self.pid(), Signal::CONT).unwrap();
            let mut said = String::new();
            self.0.stderr.take().unwrap().read_to_string(&mut said).unwrap();
            said
        }
    }

    /// The server that is stopped: one entry, by a change or through the gate.
    async fn stop_at(at: &str) {
        let [address, point, path] = at.split(' ').collect::<Vec<_>>()[..] else { panic!("{at}") };
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&address.parse().unwrap()).await.unwrap();
        let custody = crate::vault::custody::FileCustody::create(
            &folder.path().join("custody"),
            crate::vault::custody::Ground::Warn,
        );
        let (first, second) = (folder.path().join("first"), folder.path().join("second"));
        let custody = std::sync::Arc::new(custody.unwrap().0);
        let keys = crate::vault::KeySet::create(custody, &first, &second).await.unwrap();
        let keyring = Keyring::new(std::sync::Arc::new(keys));
        let (writer, gate) =
            Writer::start(database, keyring, hmac_key(1), Clock::system()).await.unwrap();
        let stop = || kill_process(rustix::process::getpid(), Signal::STOP).unwrap();
        fail::cfg_callback(point, stop).unwrap();
        let draft = Draft::system(Default::default());
        let done = match path {
            "change" => writer.enter(draft).await.map(|_| ()),
            _ => {
                let draft = Draft { what: What::Refusal, ..draft };
                let revisions = Revisions::new(Clock::system().now());
                gate.refuse(Denial { revisions, draft, verdict: Verdict::Hidden }).await
            }
        };
        eprintln!("recorded: {}", done.is_ok());
    }

    /// How long another server needs for an entry of its own, asking again while it is told to come later.
    async fn another_records(world: &World) -> Duration {
        let began = Instant::now();
        loop {
            let draft = audit::Draft::system(Default::default());
            match world.authority.writer().enter(draft).await {
                Ok(_) => return began.elapsed(),
                Err(error) => assert!(began.elapsed() < GOES_ON, "{error:?}"),
            }
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn postgres_goes_on_beside_a_server_that_stands_still() {
        if let Ok(at) = env::var(AT) {
            return stop_at(&at).await;
        }
        for path in ["change", "gate"] {
            let Some(world) = world().await else { return };
            for (point, bound) in [("audit::locked", GOES_ON), ("audit::committed", AT_ONCE)] {
                let before = world.count("select count(*) from entry").await;
                let server = Server::start(&world, point, path);
                server.stands_still().await;

                let took = another_records(&world).await;
                let said = server.goes_on();

                eprintln!("{path} stopped at {point}: another server recorded after {took:?}");
                assert!(took < bound, "{path} at {point}: {took:?}");
                let kept = point == "audit::committed";
                assert!(said.contains(&format!("recorded: {kept}")), "{path} at {point}: {said}");
                let after = world.count("select count(*) from entry").await;
                assert_eq!(after - before, 1 + i64::from(kept), "{path} at {point}");
                world.assert_no_fork().await;
            }
        }
    }
}
