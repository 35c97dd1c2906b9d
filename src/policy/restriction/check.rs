//! The checks that a text passes before it is asked anything.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
    thread,
};

use cedar_policy::{
    ActionConstraint, Effect, EntityUid, Policy, PolicyId, PolicySet, Schema, ValidationMode,
    ValidationWarning, Validator,
};

use crate::{
    mission::MissionRevision,
    policy::{
        names,
        restriction::{
            LONGEST_TEXT_BYTES, MOST_UNDER_ONE_SCOPE, Problem, Problems, RESTRICTABLE, Restriction,
            Rule,
            lexer::{self, DEEPEST, MOST_OPERATORS, MOST_TOKENS, Statement},
            text_digest,
        },
        rules::{self, Rules, Scope},
        spoken::Spoken,
    },
};

/// What a restriction may speak of.
pub(in crate::policy) const SCHEMA: &str =
    include_str!("../../../config/policies/restriction.cedarschema");
/// Words and signs of all rules under one scope: bounds the time of a decision.
const MOST_TOKENS_UNDER_ONE_SCOPE: usize = 10_000;
/// Longest an `@id` may be, in characters.
const LONGEST_ID: usize = 64;
/// Parsing and type checking are recursive; what the lexer lets through fits many times.
const STACK_BYTES: usize = 64 * 1024 * 1024;

static VALIDATOR: LazyLock<Validator> = LazyLock::new(|| {
    let (schema, _) =
        Schema::from_cedarschema_str(SCHEMA).expect("the shipped schema was checked by the tests");
    Validator::new(schema)
});

/// Checks `text` wholly; names too, if a mission is given that knows them.
pub(super) fn whole(
    text: &str,
    mission: Option<&MissionRevision>,
) -> Result<Restriction, Problems> {
    let found = form(text);
    if !found.is_empty() {
        return Err(Problems::new(found));
    }
    let statements = lexer::statements(text);
    let found = sizes(text, &statements);
    if !found.is_empty() {
        return Err(Problems::new(found));
    }
    let checker = Checker { text, statements, mission };
    let deep = thread::Builder::new().name("restriction".to_owned()).stack_size(STACK_BYTES);
    thread::scope(|scope| {
        let running = deep.spawn_scoped(scope, || checker.check());
        let checked = running.map(thread::ScopedJoinHandle::join);
        match checked {
            Ok(Ok(checked)) => checked,
            Ok(Err(_)) | Err(_) => {
                let hint = "try again; if it fails again, save fewer rules at once";
                Err(Problems::new(vec![Problem::at(text, 0, "it could not be checked", hint)]))
            }
        }
    })
}

/// Length and characters.
fn form(text: &str) -> Vec<Problem> {
    if text.len() > LONGEST_TEXT_BYTES {
        let says = format!("the text is longer than {LONGEST_TEXT_BYTES} bytes");
        return vec![Problem::at(text, LONGEST_TEXT_BYTES, &says, "name groups, not individuals")];
    }
    let strange = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t') || is_invisible(c);
    let found = text.char_indices().filter(|(_, c)| strange(*c));
    let problem = |(at, c): (usize, char)| {
        let says = format!("U+{:04X} cannot be seen and may turn the text around", u32::from(c));
        Problem::at(text, at, &says, "delete it")
    };
    found.map(problem).take(1).collect()
}

/// Direction marks and zero-width characters.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{61c}')
}

/// How large each rule is.
fn sizes(text: &str, statements: &[Statement]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for statement in statements {
        let mut limit = |is: usize, most: usize, what: &str, hint: &str| {
            if is > most {
                let says = format!("the rule has {is} {what}, at most {most} are accepted");
                problems.push(Problem::at(text, statement.start, &says, hint));
            }
        };
        limit(statement.depth, DEEPEST, "brackets inside brackets", "split it into several rules");
        limit(statement.operators, MOST_OPERATORS, "operators", "ask a list: [a, b].contains(c)");
        limit(statement.tokens, MOST_TOKENS, "words", "name parties rather than people");
    }
    problems
}

struct Checker<'a> {
    text: &'a str,
    statements: Vec<Statement>,
    mission: Option<&'a MissionRevision>,
}

impl Checker<'_> {
    fn check(&self) -> Result<Restriction, Problems> {
        let policies = self.parse()?;
        self.none(self.only_forbid(&policies))?;
        let (policies, named) = self.name(policies)?;
        self.none(self.validate(&policies, &named))?;
        self.none(self.known(&policies))?;
        self.none(self.bounds(&policies))?;
        let rules = Rules::index(policies.iter().map(|(_, policy)| policy), &RESTRICTABLE);
        let rules = rules.map_err(|error| {
            let hint = "write it in another way";
            Problems::new(vec![Problem::at(self.text, 0, &error.to_string(), hint)])
        })?;
        let circumstantial = policies.iter().map(|(_, policy)| policy).filter(|policy| {
            // What cannot be heard is taken for the worst.
            Spoken::of([*policy]).map_or(true, Spoken::asks_for_circumstances)
        });
        let circumstantial = circumstantial.map(|policy| policy.id().to_string()).collect();
        Ok(Restriction { digest: text_digest(self.text), rules, named, circumstantial })
    }

    fn none(&self, problems: Vec<Problem>) -> Result<(), Problems> {
        if problems.is_empty() { Ok(()) } else { Err(Problems::new(problems)) }
    }

    /// The policies with their place in the text; no templates.
    fn parse(&self) -> Result<Vec<(usize, Policy)>, Problems> {
        let set: PolicySet = self.text.parse().map_err(|errors: cedar_policy::ParseErrors| {
            let end = self.text.len();
            Problems::new(errors.iter().map(|error| Problem::of(self.text, end, error)).collect())
        })?;
        let place = |id: &PolicyId| id.to_string().strip_prefix("policy")?.parse::<usize>().ok();
        let templates = set.templates().map(|template| {
            let hint = "write the name in its place: a rule without ?principal and ?resource";
            let start = self.start(place(template.id()).unwrap_or_default());
            Problem::at(self.text, start, "templates are not accepted", hint)
        });
        self.none(templates.collect())?;
        let mut policies = Vec::new();
        for policy in set.policies() {
            policies.push((place(policy.id()).unwrap_or_default(), policy.clone()));
        }
        policies.sort_by_key(|(place, _)| *place);
        Ok(policies)
    }

    fn only_forbid(&self, policies: &[(usize, Policy)]) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (place, policy) in policies {
            let start = self.start(*place);
            if policy.effect() == Effect::Permit {
                let hint =
                    "make a grant to let someone in; a rule can only `forbid … unless { … }`";
                problems.push(Problem::at(self.text, start, "a rule cannot permit", hint));
            }
            let named = match policy.action_constraint() {
                ActionConstraint::Any => Vec::new(),
                ActionConstraint::Eq(act) => vec![act],
                ActionConstraint::In(acts) => acts,
            };
            let allowed = RESTRICTABLE.map(names::act);
            if let Some(other) = named.iter().find(|act| !allowed.contains(act)) {
                let says = format!("a rule cannot forbid {other}");
                let hint =
                    "name discover, read, share or export; leave the action out for all four";
                problems.push(Problem::at(self.text, start, &says, hint));
            }
        }
        problems
    }

    /// Calls each policy by its `@id`, gives one to those that have none.
    #[expect(clippy::type_complexity, reason = "the policies as they came, and their names")]
    fn name(
        &self,
        policies: Vec<(usize, Policy)>,
    ) -> Result<(Vec<(usize, Policy)>, BTreeMap<String, Rule>), Problems> {
        let mut named = BTreeMap::new();
        let mut problems = Vec::new();
        let given: BTreeSet<_> =
            policies.iter().filter_map(|(_, policy)| policy.annotation("id")).collect();
        let mut renamed = Vec::new();
        for (place, policy) in &policies {
            let number = place + 1;
            let free = || {
                let mut names = (0..).map(|turn| format!("rule-{number}{}", "-".repeat(turn)));
                names.find(|name| !given.contains(name.as_str())).unwrap_or_default()
            };
            let id = policy.annotation("id").map_or_else(free, str::to_owned);
            let mut refuse = |says: &str, hint: &str| {
                problems.push(Problem::at(self.text, self.start(*place), says, hint));
            };
            if id.is_empty() || id.chars().count() > LONGEST_ID {
                refuse("its @id is empty or too long", "1 to 64 characters, e.g. @id(\"only-us\")");
            } else if named.insert(id.clone(), Rule { number, id: id.clone() }).is_some() {
                refuse(&format!("another rule has the @id {id:?}"), "give each its own");
            } else {
                renamed.push((*place, policy.new_id(PolicyId::new(id))));
            }
        }
        self.none(problems)?;
        Ok((renamed, named))
    }

    fn validate(
        &self,
        policies: &[(usize, Policy)],
        named: &BTreeMap<String, Rule>,
    ) -> Vec<Problem> {
        let set = match PolicySet::from_policies(policies.iter().map(|(_, policy)| policy.clone()))
        {
            Ok(set) => set,
            Err(error) => return vec![Problem::of(self.text, 0, &error)],
        };
        let result = VALIDATOR.validate_with_level(&set, ValidationMode::Strict, 1);
        let start = |id: &PolicyId| {
            named.get(&id.to_string()).map_or(0, |rule| self.start(rule.number - 1))
        };
        let errors = result
            .validation_errors()
            .map(|error| Problem::of(self.text, start(error.policy_id()), error));
        let warnings = result.validation_warnings().filter_map(|warning| {
            let hint = match warning {
                ValidationWarning::ImpossiblePolicy(_) => {
                    "it would protect nothing: check what it compares"
                }
                ValidationWarning::MixedScriptString(_) => return None,
                _ => "write names in one alphabet, as the directory shows them",
            };
            let at = start(warning.policy_id());
            Some(Problem::at(self.text, at, &warning.to_string(), hint))
        });
        errors.chain(warnings).collect()
    }

    /// Whoever is named must exist: a rule about a misspelt name protects nothing, or forbids all.
    fn known(&self, policies: &[(usize, Policy)]) -> Vec<Problem> {
        let Some(mission) = self.mission else { return Vec::new() };
        let mut exist: BTreeSet<EntityUid> =
            mission.parties.iter().map(names::party_entry).collect();
        exist.extend(mission.people.iter().map(|entry| names::person(mission, entry.person)));
        exist.extend(mission.locations.iter().map(|entry| names::location(&entry.id)));
        let must_exist = ["Party", "Person", "Location"];
        let mut problems = Vec::new();
        for (place, policy) in policies {
            for uid in policy.entity_literals() {
                let kind = uid.type_name().to_string();
                if must_exist.contains(&kind.as_str()) && !exist.contains(&uid) {
                    let says = format!("there is no {uid}");
                    let start = self.start(*place);
                    let quoted = format!("{:?}", uid.id().unescaped());
                    let offset = self.text[start..].find(&quoted).map_or(start, |at| start + at);
                    let hint =
                        "write the handle that the directory shows, e.g. \"company:example\"";
                    problems.push(Problem::at(self.text, offset, &says, hint));
                }
            }
        }
        problems
    }

    /// No scope holds so many rules that a decision under it would be slow.
    fn bounds(&self, policies: &[(usize, Policy)]) -> Vec<Problem> {
        let mut under: BTreeMap<_, (usize, usize)> = BTreeMap::new();
        let mut problems = Vec::new();
        for (place, policy) in policies {
            let words = self.statements.get(*place).map_or(0, |statement| statement.tokens);
            let scope = match Scope::of(policy) {
                Scope::Any | Scope::Type(_) => "every request".to_owned(),
                Scope::Principal(uid) | Scope::Resource(uid) => uid.to_string(),
            };
            for act in rules::acts_of(policy, &RESTRICTABLE) {
                let (rules, tokens) = under.entry((act, scope.clone())).or_default();
                let before =
                    *rules <= MOST_UNDER_ONE_SCOPE && *tokens <= MOST_TOKENS_UNDER_ONE_SCOPE;
                (*rules, *tokens) = (*rules + 1, *tokens + words);
                let after =
                    *rules <= MOST_UNDER_ONE_SCOPE && *tokens <= MOST_TOKENS_UNDER_ONE_SCOPE;
                if before && !after {
                    let says = format!(
                        "more than {MOST_UNDER_ONE_SCOPE} rules, or {MOST_TOKENS_UNDER_ONE_SCOPE} \
                         words, concern {scope}"
                    );
                    let hint = "say in the scope whom or what a rule concerns (`principal ==`, \
                                `principal in`, `resource ==`), or join rules into lists";
                    problems.push(Problem::at(self.text, self.start(*place), &says, hint));
                }
            }
        }
        problems
    }

    fn start(&self, place: usize) -> usize {
        self.statements.get(place).map_or(0, |statement| statement.start)
    }
}
