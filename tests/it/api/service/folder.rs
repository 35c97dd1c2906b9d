//! An instance's folder: copied, and what is opened in it served.

use std::{fs, net::SocketAddr, path::Path, sync::Arc};

use greffe::{
    app::App,
    http::{
        self,
        server::{
            Limits, Server, Tls,
            tls::{Files, Oldest},
        },
    },
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// An instance that is served until it is stopped.
pub struct Serving {
    pub address: SocketAddr,
    pub stop: CancellationToken,
    pub ended: JoinHandle<()>,
}

/// Serves `app` on a free port, with the certificate that lies in `folder`.
pub async fn serve(folder: &Path, app: &App) -> Serving {
    let tls = Tls::read(Files {
        chain: folder.join("chain.pem"),
        key: folder.join("key.pem"),
        clients: Some(folder.join("authority.pem")),
        oldest: Oldest::Tls13,
    });
    let any = "127.0.0.1:0".parse().unwrap();
    let server = Server::listen(any, Arc::new(tls.unwrap()), Limits::default()).await.unwrap();
    let (address, stop) = (server.address(), CancellationToken::new());
    let ended = tokio::spawn(server.serve(http::router(app.clone()), stop.clone()));
    Serving { address, stop, ended }
}

/// Copies everything in `from` into `to`.
pub fn spread(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => spread(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}
