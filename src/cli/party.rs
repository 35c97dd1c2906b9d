//! `greffe party`: what a party sets for itself.

use hyper::Method;
use serde_json::{Value, json};

use crate::cli::{
    client::{Client, api::Settings},
    error::{Error, Exit},
    restrict::party_or_own,
    session::Session,
};

/// Shows what a party sets for itself, and changes it: its networks, where its bytes may rest, whether shredding takes
/// two people. The party is that of the capacity in which one acts, unless --party names another.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  greffe party
  greffe party networks 'head office=203.0.113.0/24' 'plant=2001:db8::/32'
  greffe party placement --country FR --country DE --control EU
  greffe party placement --from business-secret --country FR --qualification 'SecNumCloud 3.2'
  greffe party two-to-shred on")]
pub struct Party {
    /// The party, e.g. company:rhein-energie.
    #[arg(long, value_name = "PARTY", global = true)]
    party: Option<String>,
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(clap::Subcommand)]
enum What {
    /// Declares the party's own networks, in place of those declared before; restrictions can ask for them.
    Networks {
        /// Each as NAME=PREFIX, e.g. 'head office=203.0.113.0/24'.
        #[arg(value_name = "NAME=PREFIX", required_unless_present = "none", value_parser = network)]
        networks: Vec<(String, String)>,
        /// Declares none any more.
        #[arg(long, conflicts_with = "networks")]
        none: bool,
    },
    /// Says where the party's bytes may rest; it can only be stricter than the mission. What is deposited already stays
    /// where it is.
    Placement {
        /// A country of the soil, as two capital letters, or EU for its members [default: any]. May be repeated.
        #[arg(long = "country", value_name = "COUNTRY")]
        countries: Vec<String>,
        /// A country of the operator's seat and ultimate control, or EU [default: any]. May be repeated.
        #[arg(long, value_name = "COUNTRY")]
        control: Vec<String>,
        /// Who may run a place, as `greffe locations` names them [default: anybody]. May be repeated.
        #[arg(long = "operator", value_name = "OPERATOR")]
        operators: Vec<String>,
        /// A qualification of the service, of which it must have one [default: none]. May be repeated.
        #[arg(long = "qualification", value_name = "QUALIFICATION")]
        qualifications: Vec<String>,
        /// A place of storage that is never used, from `greffe locations`. May be repeated.
        #[arg(long, value_name = "PLACE")]
        never: Vec<String>,
        /// With how many operators copies must rest: a copy more is kept where that asks for it.
        #[arg(long, value_name = "COUNT", default_value_t = 1)]
        operators_at_least: u8,
        /// Takes what nobody knows of a place for good; else it counts against it.
        #[arg(long)]
        permit_unknown: bool,
        /// Adds these rules for documents of this sensitivity and those above it, in place of those added there before;
        /// the rules for all stay.
        #[arg(long, value_name = "SENSITIVITY")]
        from: Option<String>,
        /// Wherever the mission's bytes may.
        #[arg(long)]
        #[arg(conflicts_with_all = ["countries", "control", "operators", "qualifications", "never"])]
        #[arg(conflicts_with_all = ["operators_at_least", "permit_unknown", "from"])]
        as_mission: bool,
    },
    /// Says whether shredding one of the party's documents takes two people.
    TwoToShred {
        /// Whether.
        whether: Switch,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Switch {
    /// It takes two.
    On,
    /// One is enough.
    Off,
}

impl Party {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// If the service refuses.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        let client = session.client()?;
        let party = party_or_own(&client, self.party).await?;
        let change = match self.what {
            None => return show(session, &client, &party).await,
            Some(What::Placement { from: Some(from), .. }) if !is_sensitivity(&from) => {
                return Err(Error::usage("no-sensitivity").with("given", from));
            }
            Some(what) => what.change(&client, &party).await?,
        };
        let asked = client.ask(Method::PATCH, &["api", "v1", "parties", &party, "settings"]);
        let answer: Value = asked.json(&change).read().await?;
        session
            .terminal
            .show(&answer, || session.terminal.say("restrictions-set", &[("party", &party)]))?;
        Ok(Exit::Done)
    }
}

impl What {
    /// As the service takes it.
    async fn change(self, client: &Client, party: &str) -> Result<Value, Error> {
        Ok(match self {
            Self::Networks { networks, .. } => {
                let networks = networks.iter();
                let networks =
                    networks.map(|(name, prefix)| json!({"name": name, "prefix": prefix}));
                json!({ "networks": networks.collect::<Vec<_>>() })
            }
            Self::Placement { as_mission: true, .. } => json!({ "placement": null }),
            Self::Placement { from: None, .. } => json!({ "placement": self.rules() }),
            Self::Placement { from: Some(ref from), .. } => {
                let path = ["api", "v1", "parties", party, "settings"];
                let settings: Settings = client.get(&path).read().await?;
                let mut placement = settings.placement.unwrap_or_else(|| json!({}));
                placement["from"][from] = self.rules();
                json!({ "placement": placement })
            }
            Self::TwoToShred { whether } => json!({ "two_to_shred": whether == Switch::On }),
        })
    }

    /// The rules of placement that were typed.
    fn rules(&self) -> Value {
        let Self::Placement {
            countries,
            control,
            operators,
            qualifications,
            never,
            operators_at_least,
            permit_unknown,
            ..
        } = self
        else {
            return Value::Null;
        };
        json!({
            "countries": countries,
            "control": control,
            "operators": operators,
            "qualifications": qualifications,
            "never": never,
            "operators_at_least": operators_at_least,
            "unknown": if *permit_unknown { "permit" } else { "refuse" },
        })
    }
}

fn is_sensitivity(word: &str) -> bool {
    ["ordinary", "confidential", "business-secret"].contains(&word)
}

async fn show(session: &Session, client: &Client, party: &str) -> Result<Exit, Error> {
    let path = ["api", "v1", "parties", party, "settings"];
    let settings: Settings = client.get(&path).read().await?;
    let terminal = &session.terminal;
    terminal.show(&settings, || {
        let networks = settings.networks.iter();
        let networks: Vec<_> =
            networks.map(|network| format!("{}={}", network.name, network.prefix)).collect();
        let placement = match &settings.placement {
            Some(placement) => placed(placement),
            None => terminal.say("as-mission", &[]),
        };
        let two = if settings.two_to_shred { "two-people" } else { "one-person" };
        let values = [
            ("networks", &networks.join(", ")[..]),
            ("placement", &placement),
            ("shred", &terminal.say(two, &[])),
        ];
        crate::cli::terminal::clean(&terminal.say("party-settings", &values))
    })?;
    Ok(Exit::Done)
}

/// A placement in one line, in the words of the file that sets the mission's.
fn placed(placement: &Value) -> String {
    let Value::Object(rules) = placement else { return String::new() };
    let said = rules.iter().filter_map(|(name, rule)| match rule {
        Value::Array(items) if items.is_empty() => None,
        Value::Array(items) => {
            let items: Vec<_> = items.iter().filter_map(Value::as_str).collect();
            Some(format!("{name} {}", items.join(" ")))
        }
        Value::Number(least) if least.as_u64() == Some(1) => None,
        Value::Object(further) => {
            let further = further.iter();
            let told: Vec<_> = further
                .map(|(from, rules)| format!("from {from} on ({})", placed(rules)))
                .collect();
            Some(told.join(", "))
        }
        rule => Some(format!("{name} {}", rule.as_str().map_or(rule.to_string(), str::to_owned))),
    });
    said.collect::<Vec<_>>().join(", ")
}

fn network(text: &str) -> Result<(String, String), String> {
    let (name, prefix) = text.rsplit_once('=').ok_or("write NAME=PREFIX")?;
    Ok((name.trim().to_owned(), prefix.trim().to_owned()))
}
