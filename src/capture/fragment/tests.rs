use super::*;
use crate::capture::ip::{Identity, protocol};

fn ip(payload: &[u8]) -> IpPacket<'_> {
    IpPacket {
        src: IpAddr::from([10, 0, 0, 1]),
        dst: IpAddr::from([10, 0, 0, 2]),
        id: Identity::V4(7),
        hops: 64,
        protocol: protocol::UDP,
        payload,
        cut: 0,
        fragment: None,
    }
}

fn add(pool: &mut Pool, at: u64, offset: u32, payload: &[u8], more: bool) -> Added {
    let fragment = Fragment {
        id: 7,
        offset,
        more,
    };
    pool.add((FrameNo(1), Timestamp(at)), &ip(payload), fragment)
}

#[test]
fn puts_together_in_any_order() {
    let parts = [
        (0, &b"01234567"[..], true),
        (8, b"89abcdef", true),
        (16, b"gh", false),
    ];
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [0, 2, 1]] {
        let mut pool = Pool::default();
        for (n, index) in order.into_iter().enumerate() {
            let (offset, payload, more) = parts[index];
            let added = add(&mut pool, n as u64, offset, payload, more);
            if n < 2 {
                assert_eq!(added, Added::Waiting);
                assert_eq!(add(&mut pool, n as u64, offset, payload, more), Added::Copy);
            } else {
                assert_eq!(added, Added::Whole(b"0123456789abcdefgh".to_vec()));
                assert_eq!(add(&mut pool, n as u64, offset, payload, more), Added::Copy);
            }
        }
        assert_eq!((pool.held, pool.orphans(true)), (0, 0));
    }
}

#[test]
fn keeps_what_came_first_of_an_overlap() {
    let mut pool = Pool::default();
    add(&mut pool, 0, 8, b"BBBBBBBB", true);
    add(&mut pool, 0, 0, b"aaaaaaaaaaaaaaaaaaaaaaaa", true);
    assert_eq!(
        add(&mut pool, 0, 24, b"cc", false),
        Added::Whole(b"aaaaaaaaBBBBBBBBaaaaaaaacc".to_vec())
    );
}

#[test]
fn counts_orphans() {
    let mut pool = Pool::default();
    add(&mut pool, 0, 0, b"01234567", true);
    assert_eq!((pool.orphans(false), pool.orphans(true)), (0, 1));
    // The same identification again, a minute later, is another datagram.
    add(&mut pool, 60_000_000_000, 8, b"89", false);
    assert_eq!((pool.orphans(false), pool.orphans(true)), (1, 2));
}

#[test]
fn holds_a_bounded_amount() {
    let mut pool = Pool::default();
    for id in 0..100_000 {
        let fragment = Fragment {
            id,
            offset: 65_000,
            more: true,
        };
        pool.add((FrameNo(1), Timestamp(0)), &ip(&[0; 100]), fragment);
        assert!(pool.held <= HELD_MAX && pool.waiting.len() <= DATAGRAMS_MAX);
    }
    assert!(pool.order.len() <= 2 * DATAGRAMS_MAX);
    assert_eq!(pool.orphans(true), 100_000);
}
