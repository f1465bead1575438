//! What is read from a command line.

use std::net::IpAddr;
use std::path::PathBuf;

use super::*;
use crate::view::time::{TimeMode, Zone};

fn parse(line: &str) -> Result<Cli, clap::Error> {
    manual::parse(words(line.split_whitespace().map(Into::into)))
}

#[test]
fn is_consistent() {
    manual::command().debug_assert();
}

#[test]
fn times_by_mode_and_zone() {
    let times = |line| parse(line).unwrap().general.times();
    assert_eq!(times("faxflow a --time absolute").0, TimeMode::Utc);
    assert_eq!(times("faxflow calls a --tz +01:00").0, TimeMode::Local);
    let (mode, zone) = times("faxflow --tz UTC check a --time delta");
    assert_eq!((mode, zone), (TimeMode::Delta, Zone::UTC));
}

#[test]
fn opens_a_file_without_a_command() {
    let cli = parse("faxflow --follow fax.pcap --call 2 --call 3 --width 100").unwrap();
    assert_eq!(cli.files, [PathBuf::from("fax.pcap")]);
    assert_eq!(cli.which.call, [2, 3]);
    assert_eq!(cli.shape.width, Some(100));
    assert!(cli.follow && cli.command.is_none());
    assert_eq!(parse("faxflow -").unwrap().files, [PathBuf::from("-")]);
}

#[test]
fn reaches_a_file_named_like_a_command() {
    let cli = parse("faxflow ./calls").unwrap();
    assert_eq!(cli.files, [PathBuf::from("./calls")]);
    let cli = parse("faxflow -- calls").unwrap();
    assert_eq!(cli.files, [PathBuf::from("calls")]);
}

#[test]
fn a_file_as_other_tools_name_it() {
    for line in [
        "faxflow -r fax.pcap",
        "faxflow -I fax.pcap --follow",
        "faxflow -rfax.pcap",
    ] {
        assert_eq!(
            parse(line).unwrap().files,
            [PathBuf::from("fax.pcap")],
            "{line}"
        );
    }
    let Some(Command::Check { files, .. }) = parse("faxflow check -r a -r b").unwrap().command
    else {
        panic!("no check");
    };
    assert_eq!(files, [PathBuf::from("a"), "b".into()]);
    assert!(parse("faxflow -- -r").unwrap().files == [PathBuf::from("-r")]);
    assert!(parse("faxflow --demo").unwrap().demo);
}

#[test]
fn takes_general_options_anywhere() {
    for line in [
        "faxflow --pbx 192.0.2.1 calls fax.pcap",
        "faxflow calls --pbx 192.0.2.1 fax.pcap",
        "faxflow check fax.pcap --pbx 192.0.2.1",
        "faxflow --pbx 192.0.2.1 fax.pcap",
    ] {
        let cli = parse(line).unwrap();
        assert_eq!(cli.general.pbx, [IpAddr::from([192, 0, 2, 1])], "{line}");
    }
    let cli = parse("faxflow check a.pcap b.pcap --udptl-ports 10000-20000 -v -v").unwrap();
    assert_eq!(cli.general.udptl_ports, Some((10000, 20000)));
    assert_eq!(cli.general.verbose, 2);
    assert!(cli.general.site().udptl_ports_given);
}

#[test]
fn rejects_what_cannot_be_meant() {
    for line in [
        "faxflow",
        "faxflow calls",
        "faxflow check",
        "faxflow a.pcap --demo",
        "faxflow -r",
        "faxflow a --tz Nowhere/Else",
        "faxflow pages fax.pcap",
        "faxflow flow fax.pcap --call 0",
        "faxflow flow fax.pcap --width 3",
        "faxflow flow fax.pcap --format xml",
        "faxflow fax.pcap --udptl-ports 5999-4000",
        "faxflow fax.pcap --udptl-ports 4000",
        "faxflow -q -v fax.pcap",
    ] {
        assert!(parse(line).is_err(), "{line}");
    }
}
