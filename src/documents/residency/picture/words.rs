//! What the picture says, in both languages.

/// A language in which it is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tongue {
    /// English.
    English,
    /// French.
    French,
}

pub(super) struct Words {
    pub title: &'static str,
    pub says: &'static str,
    pub at: &'static str,
    pub contradicted: &'static str,
    pub contradictions: &'static str,
    pub not_there: &'static str,
    pub created: &'static str,
    pub no_bytes: &'static str,
    pub bytes: &'static str,
    pub owner: &'static str,
    pub version: &'static str,
    pub length: &'static str,
    pub sealed_at: &'static str,
    pub and_at: &'static str,
    pub since: &'static str,
    pub erased: &'static str,
    pub country: &'static str,
    pub operator: &'static str,
    pub seat: &'static str,
    pub control: &'static str,
    pub under: &'static str,
    pub declared: &'static str,
    pub verified: &'static str,
    pub unknown: &'static str,
    pub opens_with: &'static str,
    pub keys: &'static str,
    pub identities: &'static str,
    pub held_by: &'static str,
    pub depositors: &'static str,
    pub destroyed: &'static str,
    pub under_way: &'static str,
    pub nobody: &'static str,
    pub can: &'static str,
    pub who: &'static str,
    pub openers: &'static str,
    pub by_service: &'static str,
    pub by_custody: &'static str,
    pub by_identity: &'static str,
    pub logged: &'static str,
    pub unlogged: &'static str,
}

impl Tongue {
    pub(super) fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::French => "fr",
        }
    }

    pub(super) fn words(self) -> &'static Words {
        match self {
            Self::English => &ENGLISH,
            Self::French => &FRENCH,
        }
    }
}

const ENGLISH: Words = Words {
    title: "From sealed bytes to whoever holds a key",
    says: "The sealed object, each place where it rests with its country, operator and control, the keys, and who can \
           technically open it.",
    at: "as of",
    contradicted: "Something contradicts",
    contradictions: "see the text",
    not_there: "Not there yet",
    created: "created",
    no_bytes: "No bytes rest anywhere",
    bytes: "Sealed bytes",
    owner: "owner",
    version: "version",
    length: "bytes",
    sealed_at: "rest at",
    and_at: "the same bytes also at",
    since: "since",
    erased: "erased",
    country: "machines in",
    operator: "run by",
    seat: "seat",
    control: "controlled by",
    under: "under law of",
    declared: "declared",
    verified: "verified",
    unknown: "unknown",
    opens_with: "open only with",
    keys: "Custody and key set",
    identities: "age identities",
    held_by: "held by",
    depositors: "the depositor's recipients",
    destroyed: "destroyed",
    under_way: "under way",
    nobody: "nobody",
    can: "so that these can open",
    who: "Who can open",
    openers: "can open",
    by_service: "by the service",
    by_custody: "by custody",
    by_identity: "by age identity",
    logged: "each opening is in the log",
    unlogged: "and no log shows it",
};

const FRENCH: Words = Words {
    title: "Des octets scellés à qui détient une clé",
    says: "L'objet scellé, chaque lieu où il repose avec son pays, son exploitant et son contrôle, les clés, et qui peut \
           techniquement l'ouvrir.",
    at: "au",
    contradicted: "Quelque chose se contredit",
    contradictions: "voir le texte",
    not_there: "N'existe pas encore",
    created: "créé",
    no_bytes: "Aucun octet ne repose nulle part",
    bytes: "Octets scellés",
    owner: "propriétaire",
    version: "version",
    length: "octets",
    sealed_at: "reposent à",
    and_at: "les mêmes octets aussi à",
    since: "depuis",
    erased: "effacé",
    country: "machines en",
    operator: "exploitant",
    seat: "siège",
    control: "contrôlé par",
    under: "sous le droit de",
    declared: "déclaré",
    verified: "vérifié",
    unknown: "inconnu",
    opens_with: "ne s'ouvrent qu'avec",
    keys: "Garde et jeu de clés",
    identities: "Identités age",
    held_by: "détenues par",
    depositors: "les destinataires du déposant",
    destroyed: "détruites",
    under_way: "en cours",
    nobody: "personne",
    can: "si bien que peuvent ouvrir",
    who: "Qui peut ouvrir",
    openers: "peut ouvrir",
    by_service: "par le service",
    by_custody: "par la garde",
    by_identity: "par identité age",
    logged: "chaque ouverture est au journal",
    unlogged: "et aucun journal ne le montre",
};
