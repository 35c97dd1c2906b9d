//! Who may do what: the baseline as a table, reviewed like code.

use std::fmt::Write as _;

use expect_test::expect_file;

use crate::{
    audit::ActName,
    mission::{DocumentRevision, Grantee, Stage},
    policy::{
        Decider, Decision, Target,
        tests::world::{World, document, grant, party, plainly},
    },
};

const ROLES: [(&str, &str, &str); 10] = [
    ("contributor", "contributor", "company:alpha"),
    ("access manager", "access", "company:alpha"),
    ("company's auditor", "company-auditor", "company:alpha"),
    ("pilot", "pilot", "workstream:ai"),
    ("neutral person", "neutral", "workstream:ai"),
    ("coordinator", "coordinator", "mission"),
    ("committee", "committee", "mission"),
    ("secretariat", "secretariat", "mission"),
    ("mission's auditor", "auditor", "mission"),
    ("operator", "operator", "mission"),
];

const ACTS: [ActName; 9] = [
    ActName::Discover,
    ActName::Read,
    ActName::Export,
    ActName::Deposit,
    ActName::Finalise,
    ActName::Share,
    ActName::Shred,
    ActName::Hold,
    ActName::Audit,
];

/// A column: its name, and the document, given the acting party.
type Column = (&'static str, fn(&str) -> DocumentRevision);

const COLUMNS: [Column; 13] = [
    ("own", |own| staged(own, Stage::Working)),
    ("own empty", |own| staged(own, Stage::Empty)),
    ("own held", |own| DocumentRevision { hold: true, ..staged(own, Stage::Final) }),
    ("own quarant.", |own| DocumentRevision { quarantined: true, ..staged(own, Stage::Final) }),
    ("own shredding", |own| staged(own, Stage::Shredding)),
    ("same workstr.", |_| document("company:beta", "workstream:ai")),
    ("other party", |_| document("company:beta", "workstream:data")),
    ("workstr. work", |_| staged("workstream:data", Stage::Working)),
    ("workstr. final", |_| staged("workstream:data", Stage::Final)),
    ("final draft", |_| DocumentRevision {
        kind: "draft".into(),
        ..staged("workstream:data", Stage::Final)
    }),
    ("granted", |own| granted(document("company:beta", "workstream:data"), own)),
    ("granted empty", |own| granted(staged("company:beta", Stage::Empty), own)),
    ("conflicted", |own| granted(document("company:gamma", "workstream:ai"), own)),
];

fn staged(owner: &str, stage: Stage) -> DocumentRevision {
    let workstream = if owner.starts_with("workstream:") { owner } else { "workstream:ai" };
    DocumentRevision { stage, ..document(owner, workstream) }
}

fn granted(mut document: DocumentRevision, to: &str) -> DocumentRevision {
    document.grants.push(grant(Grantee::Party(party(to)), None));
    document
}

/// `yes`; else what is answered: the code of the reason if they may discover it, else 404.
fn answer(decider: &Decider<'_>, act: ActName) -> String {
    let decision = decider.decide(act);
    let hidden = || !decider.decide(ActName::Discover).permitted;
    match decision {
        Decision { permitted: true, .. } => "yes".into(),
        _ if hidden() => "404".into(),
        Decision { reason, .. } => serde_json::to_value(reason).unwrap().as_str().unwrap().into(),
    }
}

fn world() -> World {
    let mut world = World::new();
    for (_, slug, _) in ROLES {
        world.conflict(slug, "company:gamma", None);
    }
    world
}

fn documents(table: &mut String) {
    let (world, how) = (world(), plainly());
    let heads: String = COLUMNS.iter().map(|(name, _)| format!(" {name:>14}")).collect();
    for (role, slug, capacity) in ROLES {
        writeln!(table, "\n{role:<18}{heads}").unwrap();
        for act in ACTS {
            write!(table, "  {:<16}", act.as_str()).unwrap();
            for (_, document) in COLUMNS {
                let document = document(capacity);
                let case = world.case(slug, capacity, world.target(&document), &how);
                write!(table, " {:>14}", answer(&Decider::new(case), act)).unwrap();
            }
            writeln!(table).unwrap();
        }
    }
}

fn others(table: &mut String) {
    let (world, how) = (world(), plainly());
    let party = |handle| Target::Party(&world.parties[handle]);
    let person = |slug| Target::Person(&world.people[slug]);
    for (role, slug, capacity) in ROLES {
        let columns = [
            ("own party", party(capacity)),
            ("other company", party("company:beta")),
            ("conflicted", party("company:gamma")),
            ("workstream", party("workstream:data")),
            ("mission", party("mission")),
            ("themselves", person(slug)),
            ("colleague", person(if slug == "access" { "contributor" } else { "access" })),
            ("someone else", person("beta-contributor")),
            ("service", Target::Service),
        ];
        let heads: String = columns.iter().map(|(name, _)| format!(" {name:>14}")).collect();
        writeln!(table, "\n{role:<18}{heads}").unwrap();
        for act in [
            ActName::Discover,
            ActName::Deposit,
            ActName::Share,
            ActName::Administer,
            ActName::Audit,
        ] {
            write!(table, "  {:<16}", act.as_str()).unwrap();
            for (_, target) in columns {
                let case = world.case(slug, capacity, target, &how);
                write!(table, " {:>14}", answer(&Decider::new(case), act)).unwrap();
            }
            writeln!(table).unwrap();
        }
    }
}

#[test]
fn the_baseline_permits_what_the_checked_in_table_says() {
    let mut table = String::from(
        "Who may do what by the baseline alone. Every document of a party other than the acting one is\n\
         confidential and, unless the column says otherwise, a final recommendation. `404`: they may not know\n\
         that it exists. Each person is in conflict with the owner of the last column, and holds a grant of it.\n",
    );

    documents(&mut table);
    table.push_str("\nParties, people and the service.\n");
    others(&mut table);

    expect_file!["../../../tests/it/baseline.txt"].assert_eq(&table);
}
