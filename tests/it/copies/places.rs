//! Two buckets over TLS, each of which plays what a test asks for, and an instance that keeps a copy at both.

use std::{
    ops::Deref,
    sync::{Arc, Mutex},
};

use tempfile::TempDir;

use crate::{
    api::service::Service as Instance,
    storage::service::{Asked, Ruse, Service},
};

type Play = Arc<Mutex<fn(&Asked) -> Ruse>>;

/// A bucket that is honest until it is told to play.
pub struct Place {
    pub bucket: Service,
    play: Play,
    files: TempDir,
}

impl Place {
    pub async fn new() -> Self {
        let play: Play = Arc::new(Mutex::new(|_| Ruse::None));
        let played = Arc::clone(&play);
        let bucket = Service::over_tls_with(move |asked, _| played.lock().unwrap()(asked)).await;
        Self { bucket, play, files: tempfile::tempdir().unwrap() }
    }

    pub fn plays(&self, play: fn(&Asked) -> Ruse) {
        *self.play.lock().unwrap() = play;
    }

    pub fn is_honest(&self) {
        self.plays(|_| Ruse::None);
    }

    /// Sealed objects and the records beside them.
    pub fn kept(&self) -> Vec<String> {
        let kept = |name: &String| name.starts_with("object/") || name.starts_with("record/");
        self.bucket.objects().into_iter().filter(kept).collect()
    }

    /// The sealed objects, by name.
    pub fn objects(&self) -> Vec<String> {
        self.kept().into_iter().filter(|name| name.starts_with("object/")).collect()
    }

    /// What it is in the configuration, under this id.
    pub fn location(&self, id: &str, operator: &str) -> String {
        let location = self.bucket.location(self.files.path());
        let location = location.replace("id = \"folder\"", &format!("id = \"{id}\""));
        format!(
            "[[location]]\n{location}\n[location.declared]\nby = \"its operator\"\non = \"2026-11-24\"\n\
             country = \"FR\"\noperator = \"{operator}\"\nseat = \"FR\"\n\
             control_holder = \"its founders\"\ncontrol_country = \"FR\"\n\n"
        )
    }
}

/// The configuration with these locations in place of its own, and so many copies.
pub fn configured(text: &str, locations: &str, copies: usize) -> String {
    let (before, _) = text.split_once("[[location]]").unwrap();
    format!("{before}{locations}[copies]\nkept = {copies}\n")
}

/// An instance with two places.
pub struct Both {
    pub north: Place,
    pub south: Place,
    instance: Instance,
}

impl Both {
    /// One with a copy at each.
    pub async fn new() -> Self {
        Self::keeping(2).await
    }

    /// One with so many copies: of one, the first place is in the north.
    pub async fn keeping(copies: usize) -> Self {
        let (north, south) = (Place::new().await, Place::new().await);
        let locations = [north.location("north", "Nord"), south.location("south", "Sud")].concat();
        let instance = Instance::with(|text| configured(&text, &locations, copies)).await;
        Self { north, south, instance }
    }

    /// What serves.
    pub fn instance(&self) -> &Instance {
        &self.instance
    }

    /// The same, started again.
    pub async fn again(self) -> Self {
        self.instance.app.close().await;
        let folder = self.instance.copied();
        self.in_folder(folder).await
    }

    /// The same, started on what stands in `folder`, a copy of its own.
    pub async fn in_folder(self, folder: TempDir) -> Self {
        let instance = self.instance.again(folder).await.unwrap();
        Self { instance, ..self }
    }
}

impl Deref for Both {
    type Target = Instance;

    fn deref(&self) -> &Instance {
        &self.instance
    }
}
