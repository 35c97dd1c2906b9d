//! How a bucket is reached: by which names, with which checksums, under roots and credentials that change meanwhile.

use std::fs;

use greffe::storage::{
    Error, Store,
    conformance::{check, collect, pattern, sealed},
    s3::{Style, Trailers},
};

use crate::storage::{
    name,
    service::{Asked, Ruse, SECRET, Service, Shown, write},
};

async fn kept(store: &dyn Store, key: &str) -> Result<(), Error> {
    store.create(&name(key), sealed(&pattern(5)), None).await.map(drop)
}

#[tokio::test]
async fn the_bucket_stands_before_the_host_unless_the_path_is_asked_for() {
    for (style, host) in [(Style::Virtual, "mission.localhost:"), (Style::Path, "localhost:")] {
        let service = Service::over_tls().await;
        let store = service.store_with(|settings| settings.style = style).unwrap();

        check(store, &name("proof")).await.unwrap();

        let headers = service.headers();
        let hosts: Vec<_> = headers.iter().filter(|(name, _)| name == "host").collect();
        assert!(!hosts.is_empty() && hosts.iter().all(|(_, to)| to.starts_with(host)), "{hosts:?}");
        assert_eq!(service.objects(), [""; 0]);
    }
}

#[tokio::test]
async fn a_bucket_whose_name_is_no_part_of_a_host_is_reached_by_the_path_only() {
    let service = Service::honest().await;
    let bucket = |style, bucket: &'static str| {
        service.store_with(move |settings| {
            (settings.style, settings.bucket) = (style, bucket.to_owned());
        })
    };

    for odd in ["with.dots", "Capital", "ab", "-first", "under_score"] {
        let refused = bucket(Style::Virtual, odd).map(drop);
        assert!(matches!(refused, Err(Error::Configured(_))), "{odd}");
        assert!(bucket(Style::Path, odd).is_ok(), "{odd}");
    }
}

/// Whether a call bears anything of the newer checksums.
fn bears_a_checksum(asked: &Asked) -> bool {
    asked.headers.iter().any(|(name, value)| {
        name.starts_with("x-amz-checksum")
            || name.starts_with("x-amz-sdk-checksum")
            || name == "x-amz-trailer"
            || value.contains("aws-chunked")
            || value.contains("TRAILER")
    })
}

#[tokio::test]
async fn a_service_that_refuses_trailers_is_never_sent_one() {
    let refuse = |asked: &Asked, _| match bears_a_checksum(asked) {
        true => Ruse::Refuse(400, "InvalidArgument"),
        false => Ruse::None,
    };
    let (service, secure) = (Service::with(refuse).await, Service::over_tls_with(refuse).await);

    check(service.store(), &name("proof")).await.unwrap();
    check(secure.store(), &name("proof")).await.unwrap();

    let store = secure.store_with(|settings| settings.trailers = Trailers::Always).unwrap();
    let refused = kept(&*store, "a").await;
    assert!(matches!(&refused, Err(Error::Refused { code, .. }) if code == "InvalidArgument"));
    assert_eq!(secure.objects(), [""; 0]);
}

#[tokio::test]
async fn a_service_that_demands_trailers_gets_them_where_its_profile_says_so() {
    let demand = |asked: &Asked, _| {
        let is_part = asked.query.contains("partNumber=") || asked.query.starts_with("x-id=Put");
        let bears = asked.headers.iter().any(|(name, _)| name == "x-amz-trailer");
        match asked.method == "PUT" && is_part && !bears {
            true => Ruse::Refuse(400, "MissingContentMD5"),
            false => Ruse::None,
        }
    };
    let service = Service::over_tls_with(demand).await;
    let bytes = pattern(20 * 1024 * 1024 + 3);

    let refused = kept(&*service.store(), "refused").await;
    let store = service.store_with(|settings| settings.trailers = Trailers::Always).unwrap();
    kept(&*store, "small").await.unwrap();
    store.create(&name("large"), sealed(&bytes), Some(bytes.len() as u64)).await.unwrap();

    assert!(matches!(refused, Err(Error::Refused { .. })), "{refused:?}");
    assert_eq!(service.objects(), ["large", "small"]);
    let read = store.read(&name("large"), 0..bytes.len() as u64).await.unwrap();
    assert!(collect(read).await.unwrap() == bytes);
}

#[tokio::test]
async fn roots_are_read_anew_and_a_file_that_is_none_keeps_the_former() {
    let service = Service::over_tls().await;
    let (store, shown) = (service.store(), service.shown.clone().unwrap());
    kept(&*store, "a").await.unwrap();

    write(&service.file("roots.pem"), "no authority");
    kept(&*store, "b").await.unwrap();
    fs::remove_file(service.file("roots.pem")).unwrap();
    kept(&*store, "c").await.unwrap();
    write(&service.file("roots.pem"), &Shown::for_days(30).pem());
    let strange = kept(&*store, "d").await;
    shown.renew();
    write(&service.file("roots.pem"), &shown.pem());
    kept(&*store, "e").await.unwrap();

    assert!(matches!(strange, Err(Error::Certificate { .. })), "{strange:?}");
    assert_eq!(service.objects(), ["a", "b", "c", "e"]);
}

#[tokio::test]
async fn credentials_are_read_anew_and_a_file_that_holds_none_keeps_the_former() {
    let service = Service::honest().await;
    let store = service.store();
    kept(&*store, "a").await.unwrap();

    write(&service.file("credentials"), "only an id");
    kept(&*store, "b").await.unwrap();
    write(&service.file("credentials"), "AKIDEXPIRED\nexpired\n");
    let refused = kept(&*store, "c").await;
    write(&service.file("credentials"), &format!("{}\n{SECRET}\n", super::service::KEY));
    kept(&*store, "d").await.unwrap();

    let Err(refused @ Error::Credentials { .. }) = refused else { panic!("{refused:?}") };
    let said = refused.to_string();
    assert!(said.contains("location bucket") && said.contains("credentials_file"), "{said}");
    assert_eq!(service.objects(), ["a", "b", "d"]);
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_named_with_what_to_do() {
    let service = Service::honest().await;
    let store = service.store();
    service.remove_bucket();

    let refused = kept(&*store, "a").await.unwrap_err();
    let listed = store.list(&name("anchor")).await.unwrap_err();
    let read = store.read(&name("a"), 0..1).await.map(drop).unwrap_err();

    for said in [refused, listed, read].map(|error| error.to_string()) {
        assert!(said.contains("location bucket has no bucket mission"), "{said}");
    }
}

#[tokio::test]
async fn each_refusal_of_a_service_says_what_the_operator_can_do() {
    for (status, code, says) in [
        (403, "ExpiredToken", "credentials_file"),
        (400, "ExpiredToken", "credentials_file"),
        (403, "InvalidAccessKeyId", "credentials_file"),
        (403, "AccessDenied", "credentials_file"),
        (403, "RequestTimeTooSkewed", "our clock is wrong"),
        (404, "NoSuchBucket", "has no bucket mission"),
        (400, "InvalidRequest", "refuses: InvalidRequest"),
        (301, "PermanentRedirect", "refuses: PermanentRedirect"),
        (400, "AuthorizationHeaderMalformed", "refuses: AuthorizationHeaderMalformed"),
    ] {
        let service = Service::with(move |_, _| Ruse::Refuse(status, code)).await;

        let refused = kept(&*service.store(), "a").await.unwrap_err().to_string();

        assert!(refused.contains(says) && refused.contains("location bucket"), "{refused}");
        assert_eq!(service.objects(), [""; 0]);
    }
}
