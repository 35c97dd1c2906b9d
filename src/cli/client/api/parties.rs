//! What parties decide: standing grants, settings, restrictions, roles, recipients, conflicts.

use serde_json::Value;

answers! {
    /// A standing grant on what a party owns.
    StandingGrant {
        /// Its id.
        id: String,
        /// To whom.
        to: String,
        /// Only of this kind.
        kind: Option<String>,
        /// Only of this workstream.
        workstream: Option<String>,
        /// Up to this sensitivity.
        sensitivity: String,
        /// Until when; without end if none.
        until: Option<String>,
        /// For what.
        purpose: Option<String>,
    }

    /// `GET /api/v1/parties/{party}/grants`.
    StandingGrants {
        /// All of them.
        grants: Vec<StandingGrant>,
    }

    /// A network that a party declares its own.
    Network {
        /// How the party calls it.
        name: String,
        /// Its prefix.
        prefix: String,
    }

    /// `GET /api/v1/parties/{party}/settings`.
    Settings {
        /// Networks that it declares its own.
        networks: Vec<Network>,
        /// Where its bytes may rest.
        placement: Option<Value>,
        /// Whether shredding takes two people.
        two_to_shred: bool,
    }

    /// `GET …/restrictions/check`: whether a text is valid.
    Checked {
        /// Whether it is.
        valid: bool,
        /// How many policies it holds.
        policies: Option<u64>,
        /// What is wrong with it.
        problems: Vec<Flaw>,
    }

    /// What is wrong at one place of a restriction text.
    Flaw {
        /// The line, from 1.
        line: Option<u64>,
        /// What is wrong, and what to do.
        message: String,
    }

    /// Someone holds a role in a party.
    RoleHeld {
        /// The person's handle.
        person: String,
        /// The role.
        role: String,
    }

    /// `GET …/roles`.
    Roles {
        /// All of them.
        roles: Vec<RoleHeld>,
    }

    /// To whom a party's exports may be sealed.
    Recipient {
        /// How the party calls it.
        name: String,
        /// `age1…`.
        recipient: String,
    }

    /// `GET …/recipients`.
    Recipients {
        /// All of them.
        recipients: Vec<Recipient>,
    }

    /// A declared conflict.
    Conflict {
        /// Who.
        person: String,
        /// With which party.
        with: String,
        /// Only in this capacity.
        capacity: Option<String>,
        /// Why.
        says: String,
    }

    /// `GET /api/v1/conflicts`.
    Conflicts {
        /// All of them.
        conflicts: Vec<Conflict>,
    }
}
