//! The shipped catalogue of object storage on European soil: where to start from, never a ground by itself.

use std::sync::LazyLock;

use jiff::civil::Date;
use serde::Deserialize;

use crate::storage::location::{Control, Country, Fact, Facts};

const SHIPPED: &str = include_str!("../../../config/locations/eu-object-storage.json");
const PROFILES: &str = include_str!("../../../config/locations/profiles.json");

/// What operators of object storage offer, as far as the catalogue's day.
#[derive(Debug, Clone)]
pub struct Catalogue {
    /// When it was put together.
    pub on: Date,
    /// What its authors warn of.
    pub warning: String,
    /// One for each region of each operator.
    pub offers: Vec<Offer>,
}

/// One region of one operator.
#[derive(Debug, Clone)]
pub struct Offer {
    /// Where its S3 interface answers, a host name.
    pub endpoint: String,
    /// Whether it wants the bucket in the path rather than in the host name.
    pub path_style: bool,
    /// Its word for the region in signatures, where somebody said it.
    pub signing_region: Option<String>,
    /// Whether it wants checksums in trailers.
    pub checksum_trailers: bool,
    /// What the catalogue says of it; whatever bears no source is unknown.
    pub facts: Facts,
    /// A remark, often empty.
    pub note: String,
}

/// For how long an entry of the catalogue counts: who controls an operator, and where it stands, changes.
pub const VALID_DAYS: i32 = 366;
/// How long before it counts no more its operator is told.
const TOLD_BEFORE_DAYS: i32 = 30;

/// How old an entry of the catalogue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Age {
    /// It counts.
    Fresh,
    /// It counts for so many days more.
    Ending {
        /// How many.
        days_left: i32,
    },
    /// What it says is unknown.
    Old,
}

impl Offer {
    /// When what is said of it was put together.
    #[must_use]
    pub fn on(&self) -> Date {
        self.facts.operator.on
    }

    /// How old that is.
    #[must_use]
    pub fn age(&self, today: Date) -> Age {
        let days = self.on().until(today).map_or(i32::MAX, |since| since.get_days());
        match VALID_DAYS - days {
            ..0 => Age::Old,
            days_left if days_left < TOLD_BEFORE_DAYS => Age::Ending { days_left },
            _ => Age::Fresh,
        }
    }

    /// What is known of it: nothing, if that is too old.
    #[must_use]
    pub fn facts(&self, today: Date) -> Facts {
        let facts = self.facts.clone();
        if self.age(today) == Age::Old { facts.aged(VALID_DAYS) } else { facts }
    }
}

/// The catalogue that this version ships.
#[must_use]
pub fn shipped() -> &'static Catalogue {
    static CATALOGUE: LazyLock<Catalogue> =
        LazyLock::new(|| read(SHIPPED, PROFILES).expect("the shipped catalogue is read by a test"));
    &CATALOGUE
}

impl Catalogue {
    /// What `operator` offers in `region`.
    #[must_use]
    pub fn find(&self, operator: &str, region: &str) -> Option<&Offer> {
        self.offers.iter().find(|offer| {
            offer.facts.operator.value.as_deref() == Some(operator)
                && offer.facts.region.value.as_deref() == Some(region)
        })
    }
}

/// Reads a catalogue, and how each operator is spoken to; a field that it does not know is an error.
///
/// # Errors
///
/// What is wrong with the JSON, and where.
pub fn read(json: &str, profiles: &str) -> Result<Catalogue, serde_json::Error> {
    let sheet: Sheet = serde_json::from_str(json)?;
    let Profiles { profiles, .. } = serde_json::from_str(profiles)?;
    let on = sheet.generated;
    let offer = |row: Row| {
        let profile = profiles.iter().find(|profile| profile.operator == row.operator);
        row.offer(profile, on)
    };
    let offers = sheet.rows.into_iter().map(offer).collect();
    Ok(Catalogue { on, warning: sheet.warning, offers })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sheet {
    generated: Date,
    warning: String,
    rows: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    operator: String,
    region: String,
    city: String,
    country: String,
    endpoint: String,
    path_style: bool,
    operator_seat: Country,
    ultimate_control: String,
    control_country: Country,
    /// Says of seat and control what they say themselves.
    #[serde(rename = "eu_entity")]
    _eu_entity: bool,
    ownership_source: String,
    secnumcloud: String,
    endpoint_source: String,
    note: String,
}

/// How each operator is spoken to.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Profiles {
    #[serde(rename = "generated")]
    _generated: Date,
    #[serde(rename = "about")]
    _about: String,
    profiles: Vec<Profile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Profile {
    operator: String,
    /// For people who write a configuration: rows have their own.
    #[cfg_attr(not(test), expect(dead_code, reason = "a test holds it against the rows"))]
    endpoint: Option<String>,
    #[cfg_attr(not(test), expect(dead_code, reason = "a test holds it against the rows"))]
    path_style: bool,
    signing_region: Option<String>,
    checksum_trailers: bool,
    #[serde(rename = "checksum_source")]
    _checksum_source: String,
}

impl Row {
    fn offer(self, profile: Option<&Profile>, on: Date) -> Offer {
        let signing_region = profile.and_then(|profile| profile.signing_region.as_ref());
        let signing_region = signing_region.map(|word| word.replace("{region}", &self.region));
        let checksum_trailers = profile.is_some_and(|profile| profile.checksum_trailers);
        let place = format!("shipped catalogue, endpoint: {}", self.endpoint_source);
        let owner = format!("shipped catalogue, ownership: {}", self.ownership_source);
        // `K` marks what its authors only believed; `?` and some notes what they doubted.
        let located = !self.note.contains("is K") && !self.note.contains("unchecked");
        let sourced = !self.ownership_source.starts_with('K');
        let control = Control { holder: self.ultimate_control, country: self.control_country };
        let country = self.country.parse().ok();
        let facts = Facts {
            country: fact(located && country.is_some(), country, &place, on),
            region: fact(true, Some(self.region), &place, on),
            city: fact(located, Some(self.city), &place, on),
            operator: fact(true, Some(self.operator), &place, on),
            seat: fact(sourced, Some(self.operator_seat), &owner, on),
            control: fact(sourced, Some(control), &owner, on),
            qualification: Fact::unknown(
                None,
                format!("shipped catalogue, SecNumCloud: {}", self.secnumcloud),
                on,
            ),
            access_logs: Fact::unknown(None, "shipped catalogue: not asked", on),
        };
        let (endpoint, path_style, note) = (self.endpoint, self.path_style, self.note);
        Offer { endpoint, path_style, signing_region, checksum_trailers, facts, note }
    }
}

fn fact<T>(known: bool, value: Option<T>, source: &str, on: Date) -> Fact<T> {
    match value {
        Some(value) if known => Fact::declared(value, source, on),
        supposed => Fact::unknown(supposed, source, on),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_catalogue_is_read_whole() {
        let catalogue = read(SHIPPED, PROFILES).unwrap();

        assert_eq!(catalogue.offers.len(), 68);
        assert!(catalogue.warning.contains("re-checked"));
        let mut endpoints: Vec<_> = catalogue.offers.iter().map(|offer| &offer.endpoint).collect();
        endpoints.sort();
        endpoints.dedup();
        assert!(endpoints.len() > 60, "{}", endpoints.len());
    }

    #[test]
    fn what_bears_no_source_or_is_doubted_is_unknown() {
        let catalogue = shipped();

        let scaleway = &catalogue.find("Scaleway", "fr-par").unwrap().facts;
        let doubted = &catalogue.find("Zero Services", "zero-eyl1").unwrap().facts;
        let believed = &catalogue.find("AWS", "eu-west-3").unwrap().facts;

        assert_eq!(scaleway.country.known().map(Country::as_str), Some("FR"));
        assert!(scaleway.seat.known().is_some() && scaleway.qualification.known().is_none());
        assert_eq!(doubted.country.known(), None);
        assert_eq!(believed.control.known(), None);
        assert_eq!(believed.control.value.as_ref().unwrap().country.as_str(), "US");
    }

    #[test]
    fn every_operator_has_a_profile_that_agrees_with_its_rows() {
        let sheet: Sheet = serde_json::from_str(SHIPPED).unwrap();
        let Profiles { profiles, .. } = serde_json::from_str(PROFILES).unwrap();

        for row in &sheet.rows {
            let profile = profiles.iter().find(|profile| profile.operator == row.operator);
            let profile = profile.unwrap_or_else(|| panic!("{}", row.operator));
            let endpoint = profile.endpoint.as_ref();
            let endpoint = endpoint.map(|pattern| pattern.replace("{region}", &row.region));
            assert_eq!(profile.path_style, row.path_style, "{}", row.endpoint);
            assert_eq!(endpoint.as_ref().unwrap_or(&row.endpoint), &row.endpoint);
        }
        let shipped = shipped();
        assert!(shipped.offers.iter().all(|offer| !offer.checksum_trailers));
        let region = |operator: &str, region| {
            let offer = shipped.find(operator, region).unwrap();
            offer.signing_region.as_deref()
        };
        assert_eq!(region("Scaleway", "fr-par"), Some("fr-par"));
        assert_eq!(region("Clever Cloud", "par (Cellar)"), None, "nobody said it");
    }

    #[test]
    fn what_an_old_entry_says_is_only_supposed() {
        let offer = shipped().find("Scaleway", "fr-par").unwrap();
        let on = |days: i32| offer.on().checked_add(jiff::Span::new().days(days)).unwrap();

        assert_eq!(offer.age(on(0)), Age::Fresh);
        assert_eq!(offer.age(on(336)), Age::Fresh);
        assert_eq!(offer.age(on(337)), Age::Ending { days_left: 29 });
        assert_eq!(offer.age(on(366)), Age::Ending { days_left: 0 });
        assert_eq!(offer.age(on(367)), Age::Old);
        assert_eq!(offer.facts(on(366)), offer.facts);
        let aged = offer.facts(on(367));
        assert_eq!((aged.country.known(), aged.control.known()), (None, None));
        assert_eq!(aged.country.value, offer.facts.country.value, "it is still supposed");
        assert!(aged.country.source.ends_with("(older than 366 days)"), "{}", aged.country.source);
    }

    #[test]
    fn a_field_that_it_does_not_know_is_an_error() {
        let wrong = SHIPPED.replacen("\"city\"", "\"town\"", 1);

        assert!(read(&wrong, PROFILES).unwrap_err().to_string().contains("unknown field `town`"));
    }
}
