//! The folders of the demonstration, its certificates and its configuration.

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use crate::{
    cli::error::{Error, Exit},
    config::Config,
};

/// Says whose folder it is: nothing else is ever removed.
const MARKER: &str = "made-by-greffe-demo";
/// Folders named after who holds them.
const HOLDERS: [&str; 7] = [
    "company",
    "competitor",
    "operator",
    "operator-second-disk",
    "provider",
    "people",
    "throw-away",
];

/// Invented names and addresses, for whoever the mission file gives none.
pub(super) const NAMES: &[(&str, &str, &str)] = &[
    ("coordinator", "Camille Besson", "camille.besson@conseil.example"),
    ("pilot-ia", "Idris Lemaire", "idris.lemaire@lumen.example"),
    ("pilot-donnees", "Diane Faure", "diane.faure@halles.example"),
    ("contributor-acieries", "Agathe Morel", "agathe.morel@ponant.example"),
    ("access-acieries", "Achille Renaud", "achille.renaud@ponant.example"),
    ("contributor-rhein", "Ruth Vogel", "ruth.vogel@rhein.example"),
    ("contributor-littoral", "Lucie Marchand", "lucie.marchand@littoral.example"),
    ("committee", "Clément Tessier", "clement.tessier@dge.example"),
    ("auditor", "Anneke De Smet", "anneke.desmet@contrexpertise.example"),
];

/// Where the demonstration is.
#[derive(Clone, Debug)]
pub(super) struct Place {
    root: PathBuf,
    listen: SocketAddr,
}

impl Place {
    /// Makes the folder anew. A folder that the demonstration did not make is never touched.
    pub(super) fn make(root: &Path, listen: SocketAddr) -> Result<Self, Error> {
        let foreign = || Error::new(Exit::Failed, "demo-foreign").with("path", root.display());
        if root.exists() {
            let empty = fs::read_dir(root)?.next().is_none();
            if !empty && !root.join(MARKER).exists() {
                return Err(foreign());
            }
            for holder in HOLDERS {
                if root.join(holder).exists() {
                    fs::remove_dir_all(root.join(holder))?;
                }
            }
        }
        for holder in HOLDERS {
            fs::create_dir_all(root.join(holder))?;
        }
        fs::write(root.join(MARKER), "Everything here is invented and may be removed.\n")?;
        let root = root.canonicalize()?;
        let place = Self { root, listen: free(listen)? };
        place.certify()?;
        place.configure()?;
        Ok(place)
    }

    /// A second, throw-away mission beside the first.
    pub(super) fn throw_away(&self) -> Result<Self, Error> {
        let root = self.root.join("throw-away");
        for holder in HOLDERS {
            fs::create_dir_all(root.join(holder))?;
        }
        let place = Self { root, listen: free(SocketAddr::new(self.listen.ip(), 0))? };
        place.certify()?;
        place.configure()?;
        Ok(place)
    }

    pub(super) fn folder(&self, holder: &str) -> PathBuf {
        self.root.join(holder)
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn custody(&self) -> PathBuf {
        self.folder("operator").join("custody/custody")
    }

    pub(super) fn authority(&self) -> PathBuf {
        self.root.join("ca.pem")
    }

    pub(super) fn config_file(&self) -> PathBuf {
        self.folder("operator").join("greffe.toml")
    }

    pub(super) fn config(&self) -> Result<Config, Error> {
        crate::cli::init::read(&self.config_file())
    }

    /// A certificate authority of the demonstration's own, and the server's certificate.
    fn certify(&self) -> Result<(), Error> {
        let failed = |error: rcgen::Error| Error::new(Exit::Failed, "demo-failed").because(error);
        let tls = self.folder("operator").join("tls");
        fs::create_dir_all(&tls)?;
        let key = KeyPair::generate().map_err(failed)?;
        let mut authority = CertificateParams::new(Vec::new()).map_err(failed)?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.distinguished_name.push(DnType::CommonName, "Greffe demonstration authority");
        let certificate = authority.self_signed(&key).map_err(failed)?;
        fs::write(self.authority(), certificate.pem())?;
        let issuer = Issuer::new(authority, key);
        let server_key = KeyPair::generate().map_err(failed)?;
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let mut server = CertificateParams::new(names).map_err(failed)?;
        server.distinguished_name.push(DnType::CommonName, "Greffe demonstration");
        let chain = server.signed_by(&server_key, &issuer).map_err(failed)?;
        fs::write(tls.join("certificate.pem"), chain.pem())?;
        write_secret(&tls.join("key.pem"), server_key.serialize_pem().as_bytes())
    }

    fn configure(&self) -> Result<(), Error> {
        let operator = free(SocketAddr::new(self.listen.ip(), 0))?;
        let root = self.root.display();
        let config = format!(
            r#"# The demonstration's own configuration; config/greffe.toml explains each key.
listen = "{listen}"
operator_listen = "{operator}"
origin = "localhost/mission-numerique"

[database]
address = "sqlite:{root}/operator/greffe.sqlite"

[custody]
file = "{root}/operator/custody/custody"
any_file_system = true

[keys]
first = "{root}/operator/keys.sqlite"
second = "{root}/operator-second-disk/keys.sqlite"

[signer]
state_file = "{root}/operator/custody/signer"

[tls]
certificate_file = "{root}/operator/tls/certificate.pem"
key_file = "{root}/operator/tls/key.pem"

[[location]]
id = "provider"
kind = "folder"
path = "{root}/provider/objects"

[location.declared]
by = "the demonstration: an example, nobody looked"
on = "2026-11-24"
country = "FR"
region = "example"
city = "Lyon"
operator = "Hébergeur (exemple)"
seat = "FR"
control_holder = "its founders (example)"
control_country = "FR"
access_logs = false
"#,
            listen = self.listen,
        );
        fs::write(self.config_file(), config)?;
        Ok(())
    }
}

/// The address, with another port if that one is taken.
fn free(address: SocketAddr) -> Result<SocketAddr, Error> {
    let listener = TcpListener::bind(address)
        .or_else(|_| TcpListener::bind(SocketAddr::new(address.ip(), 0)))?;
    Ok(listener.local_addr()?)
}

/// A file that only its owner reads.
pub(super) fn write_secret(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};

    let mut file =
        fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    Ok(())
}
