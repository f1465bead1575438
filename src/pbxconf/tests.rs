use super::*;

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn told(settings: &Settings, keys: &[&str]) -> Vec<String> {
    let all = settings.named(keys);
    all.map(|one| format!("{}:{} [{}] {}", one.file, one.line, one.section, one.value))
        .collect()
}

#[test]
fn reads_sections_templates_includes_and_comments() {
    let folder = folder(&[
        (
            "udptl.conf",
            "[general]\nudptlstart=4000 ; low\nudptlend => 4999\n",
        ),
        (
            "pjsip.conf",
            "[fax](!)\n;--\nt38_udptl=no\n--; t38_udptl_ec = redundancy\nt38_udptl=yes\n\n[trunk](fax)\ntype=endpoint\n#include \"pjsip.d/*.conf\"\n#include /etc/asterisk/more.conf\n#include ../../outside.conf\n",
        ),
        ("pjsip.d/b.conf", "t38_udptl_nat=yes\n"),
        ("pjsip.d/a.conf", "[a]\nT38_UDPTL = no\n"),
        (
            "more.conf",
            "external_media_address=192.0.2.1\n#include more.conf\n",
        ),
        (
            "logger.conf",
            "[logfiles]\nconsole => notice,warning\nfull => notice,fax,verbose\n",
        ),
    ]);
    let settings = Settings::read(folder.path()).unwrap();
    assert_eq!(settings.udptl_ports(), Some((4000, 4999)));
    assert_eq!(
        told(&settings, &["t38_udptl", "t38_udptl_ec"]),
        [
            "pjsip.conf:4 [fax] redundancy",
            "pjsip.conf:5 [fax] yes",
            "pjsip.conf:4 [trunk] redundancy",
            "pjsip.conf:5 [trunk] yes",
            "pjsip.d/a.conf:2 [a] no",
        ]
    );
    assert_eq!(
        told(&settings, &["t38_udptl_nat"]),
        ["pjsip.d/b.conf:1 [a] yes"]
    );
    // A file that includes itself ends somewhere.
    assert!(!told(&settings, &["external_media_address"]).is_empty());
    let log = settings.fax_log().unwrap();
    assert_eq!((log.key.as_str(), log.line), ("full", 3));
}

#[test]
fn nothing_outside_of_the_folder_is_read() {
    let outside = folder(&[("secret.conf", "udptlstart=1\nudptlend=2\n")]);
    let name = outside.path().join("secret.conf");
    let text = format!("#include {}\n", name.display());
    let folder = folder(&[("udptl.conf", &text)]);
    #[cfg(unix)]
    std::os::unix::fs::symlink(&name, folder.path().join("sip.conf")).unwrap();
    let settings = Settings::read(folder.path()).unwrap();
    assert_eq!(settings.udptl_ports(), None);
    assert_eq!(settings.fax_log(), None);
    assert!(Settings::read(Path::new("/no/such/folder")).is_err());
}

proptest::proptest! {
    #[test]
    fn any_file_is_read(text in "[\\[\\]()!#;=>\\- a-z\n]{0,300}") {
        let folder = folder(&[("sip.conf", &text)]);
        let _ = Settings::read(folder.path()).unwrap();
    }
}
