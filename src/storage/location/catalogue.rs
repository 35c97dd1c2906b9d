//! The shipped catalogue of object storage on European soil: where to start from, never a ground by itself.

use std::sync::LazyLock;

use jiff::civil::Date;
use serde::Deserialize;

use crate::storage::location::{Control, Country, Fact, Facts};

const SHIPPED: &str = include_str!("../../../config/locations/eu-object-storage.json");

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
    /// What the catalogue says of it; whatever bears no source is unknown.
    pub facts: Facts,
    /// A remark, often empty.
    pub note: String,
}

/// The catalogue that this version ships.
#[must_use]
pub fn shipped() -> &'static Catalogue {
    static CATALOGUE: LazyLock<Catalogue> =
        LazyLock::new(|| read(SHIPPED).expect("the shipped catalogue is read by a test"));
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

/// Reads a catalogue; a field that it does not know is an error.
///
/// # Errors
///
/// What is wrong with the JSON, and where.
pub fn read(json: &str) -> Result<Catalogue, serde_json::Error> {
    let sheet: Sheet = serde_json::from_str(json)?;
    let on = sheet.generated;
    let offers = sheet.rows.into_iter().map(|row| row.offer(on)).collect();
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

impl Row {
    fn offer(self, on: Date) -> Offer {
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
        Offer { endpoint: self.endpoint, path_style: self.path_style, facts, note: self.note }
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
        let catalogue = read(SHIPPED).unwrap();

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
    fn a_field_that_it_does_not_know_is_an_error() {
        let wrong = SHIPPED.replacen("\"city\"", "\"town\"", 1);

        assert!(read(&wrong).unwrap_err().to_string().contains("unknown field `town`"));
    }
}
