//! Restrictions to begin with: texts that an access manager adapts, and saves as the party's own.
//!
//! They name `company:ourselves` and others who do not exist: saved as they are, they are refused with the place to fill in.

/// A text to begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Template {
    /// Its name, e.g. `only-with-certificate`.
    pub name: &'static str,
    /// The text, with what it does above it.
    pub text: &'static str,
}

/// All of them.
pub const TEMPLATES: [Template; 6] = [
    Template {
        name: "only-these-companies",
        text: include_str!("../../config/policies/templates/only-these-companies.cedar"),
    },
    Template {
        name: "only-from-declared-networks",
        text: include_str!("../../config/policies/templates/only-from-declared-networks.cedar"),
    },
    Template {
        name: "only-with-certificate",
        text: include_str!("../../config/policies/templates/only-with-certificate.cedar"),
    },
    Template {
        name: "only-for-a-purpose",
        text: include_str!("../../config/policies/templates/only-for-a-purpose.cedar"),
    },
    Template {
        name: "neutral-readers-only",
        text: include_str!("../../config/policies/templates/neutral-readers-only.cedar"),
    },
    Template {
        name: "nothing-leaves",
        text: include_str!("../../config/policies/templates/nothing-leaves.cedar"),
    },
];

#[cfg(test)]
mod tests {
    use crate::{
        audit::ActName,
        mission::{DocumentRevision, Grantee, Network, Sensitivity},
        policy::{
            Circumstances, Decider, Restriction, TEMPLATES,
            tests::world::{World, document, grant, party, plainly},
        },
    };

    /// A template as Alpha would save it.
    struct Saved {
        world: World,
        restriction: Restriction,
    }

    impl Saved {
        fn new(name: &str) -> Self {
            let mut world = World::new();
            let template = TEMPLATES.iter().find(|template| template.name == name).unwrap();
            let text = template.text.replace("company:ourselves", "company:alpha");
            let text = text.replace("company:partner", "company:beta");
            let text = text.replace("workstream:theirs", "workstream:data");
            let restriction = Restriction::check(&text, &world.mission).unwrap();
            world.restrict("company:alpha", &restriction);
            Self { world, restriction }
        }

        /// Whether `slug`, to whose party a document of Alpha is granted, may.
        fn may(&self, slug: &str, capacity: &str, act: ActName, how: &Circumstances) -> bool {
            let granted = grant(Grantee::Party(party(capacity)), None);
            let document = DocumentRevision {
                grants: vec![granted],
                sensitivity: Sensitivity::BusinessSecret,
                ..document("company:alpha", "workstream:ai")
            };
            let target = self.world.target(&document);
            let mut case = self.world.case(slug, capacity, target, how);
            case.restriction = Some(&self.restriction);
            Decider::new(case).decide(act).permitted
        }

        fn reads(&self, slug: &str, capacity: &str) -> bool {
            self.may(slug, capacity, ActName::Read, &plainly())
        }
    }

    #[test]
    fn a_template_does_not_pass_as_it_is_if_it_names_someone() {
        let world = World::new();
        for template in TEMPLATES {
            let names = template.text.contains("company:ourselves");
            assert_eq!(
                Restriction::check(template.text, &world.mission).is_err(),
                names,
                "{}",
                template.name
            );
            assert!(template.text.starts_with("// "), "{} says what it does", template.name);
            assert!(template.text.contains(&format!("@id(\"{}\")", template.name)));
        }
    }

    #[test]
    fn only_these_companies() {
        let saved = Saved::new("only-these-companies");

        assert!(saved.reads("contributor", "company:alpha"));
        assert!(saved.reads("beta-contributor", "company:beta"));
        assert!(saved.reads("data-pilot", "workstream:data"));
        assert!(!saved.reads("gamma-access", "company:gamma"));
        assert!(!saved.may("pilot", "workstream:ai", ActName::Discover, &plainly()));
        assert!(saved.may("access", "company:alpha", ActName::Share, &plainly()));
    }

    #[test]
    fn only_from_declared_networks() {
        let mut saved = Saved::new("only-from-declared-networks");
        let network = Network { name: "head office".into(), prefix: "203.0.113.0/24".into() };
        saved.world.parties.get_mut("company:alpha").unwrap().networks.push(network);
        let office = Circumstances { address: "203.0.113.9".parse().unwrap(), ..plainly() };
        let theirs = Circumstances { network: Some("their office".into()), ..plainly() };

        assert!(saved.may("pilot", "workstream:ai", ActName::Read, &office));
        assert!(!saved.may("pilot", "workstream:ai", ActName::Read, &theirs));
        assert!(!saved.may("contributor", "company:alpha", ActName::Export, &plainly()));
        assert!(saved.may("pilot", "workstream:ai", ActName::Discover, &plainly()));
    }

    #[test]
    fn only_with_certificate() {
        let saved = Saved::new("only-with-certificate");
        let certified = Circumstances { certificate: true, ..plainly() };

        assert!(saved.may("pilot", "workstream:ai", ActName::Read, &certified));
        assert!(!saved.reads("pilot", "workstream:ai"));
        assert!(!saved.reads("contributor", "company:alpha"));
    }

    #[test]
    fn only_for_a_purpose() {
        let saved = Saved::new("only-for-a-purpose");
        let said = Circumstances { purpose: Some("second reading".into()), ..plainly() };

        assert!(saved.may("pilot", "workstream:ai", ActName::Read, &said));
        assert!(!saved.reads("pilot", "workstream:ai"));
        assert!(!saved.may("contributor", "company:alpha", ActName::Export, &plainly()));
        assert!(saved.may("pilot", "workstream:ai", ActName::Discover, &plainly()));
    }

    #[test]
    fn neutral_readers_only() {
        let saved = Saved::new("neutral-readers-only");

        assert!(saved.reads("contributor", "company:alpha"));
        assert!(saved.reads("neutral", "workstream:ai"), "the State employs them");
        assert!(!saved.reads("pilot", "workstream:ai"), "a startup employs them");
        assert!(!saved.may("beta-access", "company:beta", ActName::Discover, &plainly()));
    }

    #[test]
    fn nothing_leaves() {
        let saved = Saved::new("nothing-leaves");

        assert!(saved.reads("pilot", "workstream:ai"));
        assert!(!saved.may("pilot", "workstream:ai", ActName::Export, &plainly()));
        assert!(saved.may("contributor", "company:alpha", ActName::Export, &plainly()));
    }
}
