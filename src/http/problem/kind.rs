//! The closed list of problems: a path, a status, words in both languages. `GET /problems/<slug>` shows them.

use axum::http::StatusCode;

use crate::http::language::Language;

/// A text in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bilingual {
    /// English.
    pub en: &'static str,
    /// French.
    pub fr: &'static str,
}

impl Bilingual {
    /// In one of them.
    #[must_use]
    pub fn in_language(self, language: Language) -> &'static str {
        match language {
            Language::En => self.en,
            Language::Fr => self.fr,
        }
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident: $slug:literal, $status:ident,
       $en:literal | $fr:literal, $what_en:literal | $what_fr:literal;)*) => {
        /// A situation that is answered with a problem; its slug never changes its meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind {
            $($(#[$doc])* $name,)*
        }

        impl Kind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The last segment of its path.
            #[must_use]
            pub fn slug(self) -> &'static str {
                match self { $(Self::$name => $slug,)* }
            }

            /// The status with which it is answered.
            #[must_use]
            pub fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)* }
            }

            /// What it is.
            #[must_use]
            pub fn title(self) -> Bilingual {
                match self { $(Self::$name => Bilingual { en: $en, fr: $fr },)* }
            }

            /// What it means, and what to do.
            #[must_use]
            pub fn advice(self) -> Bilingual {
                match self { $(Self::$name => Bilingual { en: $what_en, fr: $what_fr },)* }
            }
        }
    };
}

kinds! {
    /// The request has another form than the one documented.
    Malformed: "malformed", BAD_REQUEST,
        "The request is malformed" | "La requête est mal formée",
        "The detail says which part of the request cannot be read, and what is expected there. Nothing was changed."
        | "Le détail dit quelle partie de la requête ne peut être lue, et ce qui y est attendu. Rien n'a été modifié.";
    /// The body ended before its time, or could not be read.
    Incomplete: "incomplete", BAD_REQUEST,
        "The content did not arrive whole" | "Le contenu n'est pas arrivé en entier",
        "The connection broke, or fewer bytes came than Content-Length says. Nothing was kept: send it again."
        | "La connexion s'est interrompue, ou moins d'octets sont arrivés que Content-Length n'en annonce. Rien n'a été gardé : renvoyez-le.";
    /// The content's digest is another than the one sent along.
    OtherContent: "other-content", BAD_REQUEST,
        "The content is not the one whose digest was sent" | "Le contenu n'est pas celui dont l'empreinte a été envoyée",
        "The SHA-256 of what arrived differs from Content-Digest. Nothing was kept: compute the digest of the content as it is sent, and send both again."
        | "Le SHA-256 de ce qui est arrivé diffère de Content-Digest. Rien n'a été gardé : recalculez l'empreinte du contenu tel qu'envoyé, et renvoyez les deux.";
    /// No credential, or none that lives.
    UnknownCaller: "unknown-caller", UNAUTHORIZED,
        "Sign in" | "Identifiez-vous",
        "The request bears no token or client certificate, or one that is unknown, revoked or past its end. Sign in again with a fresh link."
        | "La requête ne porte ni jeton ni certificat client, ou un qui est inconnu, révoqué ou échu. Identifiez-vous de nouveau par un lien récent.";
    /// They may not.
    Forbidden: "forbidden", FORBIDDEN,
        "Not permitted" | "Non autorisé",
        "You may know that it exists, and may not do this with it. The member reason says why: no-grant, restricted, conflict, shredded, quarantined, held, undecidable, no-placement or closed. Its owner's access manager can tell more. The refusal is in the log."
        | "Vous pouvez savoir que cela existe, mais non faire cela avec. Le membre reason dit pourquoi : no-grant, restricted, conflict, shredded, quarantined, held, undecidable, no-placement ou closed. Le responsable des accès du propriétaire peut en dire plus. Le refus est dans le journal.";
    /// A page of another site made the browser ask.
    OtherSite: "other-site", FORBIDDEN,
        "Asked by a page of another site" | "Demandé par une page d'un autre site",
        "A browser says that a page of another site made this request: nothing was done. Ask from the service's own pages or a program."
        | "Le navigateur dit que la page d'un autre site a fait cette requête : rien n'a été fait. Demandez depuis les pages du service ou un programme.";
    /// There is no such thing, or none that the caller may know of.
    Missing: "missing", NOT_FOUND,
        "No such thing" | "Rien de tel",
        "Nothing of that name exists, or nothing that you may know of in this capacity: the two are answered alike. Check the reference and the capacity."
        | "Rien n'existe sous ce nom, ou rien que vous puissiez connaître en cette qualité : la réponse est la même. Vérifiez la référence et la qualité.";
    /// The route has no such method.
    WrongMethod: "wrong-method", METHOD_NOT_ALLOWED,
        "No such method here" | "Méthode inconnue ici",
        "The header Allow names the methods of this address."
        | "L'en-tête Allow nomme les méthodes de cette adresse.";
    /// The request did not arrive in time.
    TooSlow: "too-slow", REQUEST_TIMEOUT,
        "The content came too slowly" | "Le contenu est arrivé trop lentement",
        "Too few bytes came for too long. Nothing was kept: send it again over a faster line."
        | "Trop peu d'octets sont arrivés pendant trop longtemps. Rien n'a été gardé : renvoyez-le par une ligne plus rapide.";
    /// Several capacities, and none was named.
    ChooseCapacity: "choose-capacity", CONFLICT,
        "Choose the capacity in which to act" | "Choisissez la qualité en laquelle agir",
        "The member capacities lists those of your credential: name one in the header Greffe-Capacity."
        | "Le membre capacities liste celles de votre identifiant : nommez-en une dans l'en-tête Greffe-Capacity.";
    /// The thing is not in the state that the act needs.
    Conflict: "conflict", CONFLICT,
        "Not possible in its present state" | "Impossible dans son état présent",
        "The detail says what stands in the way. Nothing was changed."
        | "Le détail dit ce qui s'y oppose. Rien n'a été modifié.";
    /// The same request is still running.
    Running: "running", CONFLICT,
        "The same request is still running" | "La même requête est encore en cours",
        "A request with this Idempotency-Key has not ended. Wait for it and ask again with the same key."
        | "Une requête portant cette Idempotency-Key n'est pas terminée. Attendez, puis redemandez avec la même clé.";
    /// A precondition does not hold.
    Moved: "precondition-failed", PRECONDITION_FAILED,
        "It has changed meanwhile" | "Cela a changé entre-temps",
        "If-Match names another version than the latest. Look at what was added, then decide."
        | "If-Match nomme une autre version que la dernière. Regardez ce qui a été ajouté, puis décidez.";
    /// More bytes than are taken.
    TooLarge: "too-large", PAYLOAD_TOO_LARGE,
        "Too large" | "Trop volumineux",
        "The detail says how much is taken. Nothing was kept."
        | "Le détail dit combien est accepté. Rien n'a été gardé.";
    /// A body of another type than is read here.
    WrongMediaType: "wrong-media-type", UNSUPPORTED_MEDIA_TYPE,
        "Another media type is expected" | "Un autre type de contenu est attendu",
        "The detail names the Content-Type that is read here."
        | "Le détail nomme le Content-Type lu ici.";
    /// No byte of the range exists.
    OutOfRange: "out-of-range", RANGE_NOT_SATISFIABLE,
        "No such range" | "Pas de tel intervalle",
        "The content is shorter than the range begins: Content-Range says how long it is."
        | "Le contenu est plus court que le début de l'intervalle : Content-Range dit sa longueur.";
    /// An expectation that the service does not know.
    Expectation: "expectation-failed", EXPECTATION_FAILED,
        "Unknown expectation" | "Attente inconnue",
        "Only Expect: 100-continue is understood."
        | "Seul Expect: 100-continue est compris.";
    /// Read, and refused as it is.
    Refused: "refused", UNPROCESSABLE_ENTITY,
        "It cannot be taken as it is" | "Cela ne peut être accepté tel quel",
        "The detail says what is wrong with it and what to do. Nothing was changed."
        | "Le détail dit ce qui ne va pas et que faire. Rien n'a été modifié.";
    /// A restriction text that is not valid.
    InvalidRestriction: "invalid-restriction", UNPROCESSABLE_ENTITY,
        "The restriction text is not valid" | "Le texte de restriction n'est pas valide",
        "The member problems lists what is wrong, by line, and what to do. The text in force stays."
        | "Le membre problems liste ce qui ne va pas, par ligne, et que faire. Le texte en vigueur demeure.";
    /// An idempotency key with another request.
    KeyReused: "key-reused", UNPROCESSABLE_ENTITY,
        "The idempotency key belongs to another request" | "La clé d'idempotence appartient à une autre requête",
        "An Idempotency-Key stands for one request: draw a new one for another."
        | "Une Idempotency-Key vaut pour une seule requête : tirez-en une nouvelle pour une autre.";
    /// Too many failures from one address.
    TooManyFailures: "too-many-failures", TOO_MANY_REQUESTS,
        "Too many failed attempts" | "Trop d'essais manqués",
        "Credentials from this address failed too often: wait as long as Retry-After says."
        | "Trop d'identifiants de cette adresse ont échoué : attendez le temps que dit Retry-After.";
    /// Too many refusals and lists of one caller.
    OverBudget: "over-budget", TOO_MANY_REQUESTS,
        "Too many refusals and lists" | "Trop de refus et de listes",
        "Every refusal and list is an entry of the log, and one person may cause so many a minute: wait as long as Retry-After says. Permitted readings do not count."
        | "Chaque refus et chaque liste est une entrée du journal, et une personne peut en causer un certain nombre par minute : attendez le temps que dit Retry-After. Les lectures autorisées ne comptent pas.";
    /// Our own failure.
    Internal: "internal", INTERNAL_SERVER_ERROR,
        "The service failed" | "Le service a échoué",
        "The failure is in the service's own log under the value of the header Request-Id: tell it to the operator."
        | "L'échec est dans le journal technique du service sous la valeur de l'en-tête Request-Id : donnez-la à l'exploitant.";
    /// The act could not be recorded, or something that it needs is away: so it was not done.
    Unavailable: "unavailable", SERVICE_UNAVAILABLE,
        "Not possible right now" | "Impossible pour l'instant",
        "Nothing is done that cannot be recorded. Ask again after the time that Retry-After says."
        | "Rien n'est fait qui ne puisse être inscrit. Redemandez après le temps que dit Retry-After.";
    /// If custody were lost, what is deposited now could never be opened.
    NoRecoveryCopy: "no-recovery-copy", SERVICE_UNAVAILABLE,
        "No deposit before the keys have a recovery copy" | "Aucun dépôt avant que les clés aient une copie de secours",
        "Nothing was kept. The operator makes a copy with greffe keys copy, and has it read back with greffe keys recover --check; deposits are taken from the next start on."
        | "Rien n'a été gardé. L'exploitant fait une copie avec greffe keys copy, et la fait relire avec greffe keys recover --check ; les dépôts sont acceptés dès le démarrage suivant.";
    /// The place of storage was found to be something else than what is known of it.
    PlaceStopped: "place-stopped", SERVICE_UNAVAILABLE,
        "The place of storage is in doubt" | "Le lieu de conservation est mis en doute",
        "The last look at the place where this would rest contradicts what is known of it, so nothing is written there, and nowhere else in its stead. Nothing was kept. The locations' list says what was found; the operator can put it right."
        | "Le dernier contrôle du lieu où ceci reposerait contredit ce qu'on en sait : rien n'y est écrit, ni ailleurs à sa place. Rien n'a été gardé. La liste des lieux dit ce qui a été trouvé ; l'exploitant peut y remédier.";
    /// The answer took too long.
    TimedOut: "timed-out", SERVICE_UNAVAILABLE,
        "It took too long" | "Cela a duré trop longtemps",
        "The service gave up waiting. Whether something was changed, the log says: look before repeating it."
        | "Le service a cessé d'attendre. Si quelque chose a été modifié, le journal le dit : vérifiez avant de répéter.";
    /// There is no place left for content.
    Full: "full", INSUFFICIENT_STORAGE,
        "No room for content" | "Plus de place pour le contenu",
        "The place of storage is full. Nothing was kept: tell the operator."
        | "Le lieu de conservation est plein. Rien n'a été gardé : prévenez l'exploitant.";
}

impl Kind {
    /// The path that names it: its `type` (RFC 9457, 3.1.1).
    #[must_use]
    pub fn path(self) -> String {
        format!("/problems/{}", self.slug())
    }

    /// The one with this slug.
    #[must_use]
    pub fn named(slug: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.slug() == slug)
    }

    /// Seconds after which asking again makes sense, where it always does.
    #[must_use]
    pub fn retry_after_seconds(self) -> Option<u64> {
        match self {
            Self::Running | Self::Unavailable => Some(1),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_problem_has_a_path_of_its_own_and_words_in_both_languages() {
        let paths: BTreeSet<_> = Kind::ALL.iter().map(|kind| kind.path()).collect();
        assert_eq!(paths.len(), Kind::ALL.len());

        for kind in Kind::ALL {
            assert_eq!(Kind::named(kind.slug()), Some(*kind));
            for words in [kind.title(), kind.advice()] {
                assert!(!words.en.is_empty() && !words.fr.is_empty() && words.en != words.fr);
            }
            assert!(kind.advice().en.ends_with('.') && kind.advice().fr.ends_with('.'));
            let slug = kind.slug();
            assert!(slug.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{slug}");
        }
    }
}
