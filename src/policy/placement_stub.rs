//! stub
use crate::{
    mission::*,
    policy::{Policy, permit::Error},
    storage::{Location, LocationId},
};
pub struct Placed {
    pub location: LocationId,
    pub ground: String,
}
#[derive(Debug)]
pub struct NoPlace;
impl std::fmt::Display for NoPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no")
    }
}
impl Policy {
    pub async fn place(
        &self,
        _d: &DocumentRevision,
        l: &[Location],
    ) -> Result<Result<Placed, NoPlace>, Error> {
        Ok(l.first()
            .map(|l| Placed { location: l.id.clone(), ground: String::new() })
            .ok_or(NoPlace))
    }
}
pub fn grantee_key(g: Grantee) -> String {
    format!("{g:?}")
}
