//! Spaces: what they contain, draw and refuse.

use super::*;

fn boxes() -> Vec<BoxSpace> {
    vec![
        BoxSpace::symmetric([1.0, 0.1, f32::INFINITY]),
        BoxSpace::new(vec![0.0, f32::NEG_INFINITY], vec![f32::INFINITY, -3.0]).unwrap(),
        BoxSpace::new(vec![2.0], vec![2.0]).unwrap(),
    ]
}

#[test]
fn samples_are_elements() {
    let mut rng = Stream::from_seed(1);
    for space in boxes() {
        let mut point = vec![0.0; space.dim()];
        for _ in 0..1000 {
            space.sample(&mut rng, &mut point);
            assert!(space.contains(&point), "{space} {point:?}");
        }
    }
    let space = Space::discrete(5);
    let mut action = [0.0];
    for _ in 0..1000 {
        space.sample(&mut rng, &mut action);
        assert!(space.contains(&action));
    }
}

#[test]
fn points_outside_are_not_elements() {
    let space = BoxSpace::symmetric([1.0, 2.0]);
    for point in [&[0.0][..], &[1.1, 0.0], &[0.0, f32::NAN], &[0.0, 0.0, 0.0]] {
        assert!(!space.contains(point), "{point:?}");
    }
    let space = Space::discrete(2);
    for action in [&[2.0][..], &[-1.0], &[0.5], &[f32::NAN], &[], &[0.0, 0.0]] {
        assert!(!space.contains(action), "{action:?}");
    }
}

#[test]
fn a_finite_action_beyond_the_bounds_of_a_box_is_admitted_and_nothing_else_outside() {
    let space = Space::symmetric([1.0, 2.0]);
    assert!(space.admits(&[0.0, 1.0]) && space.admits(&[9.0, -9.0]));
    for action in [
        &[0.0][..],
        &[f32::NAN, 0.0],
        &[0.0, f32::INFINITY],
        &[0.0; 3],
    ] {
        assert!(!space.admits(action), "{action:?}");
    }
    let space = Space::discrete(2);
    assert!(space.admits(&[1.0]) && !space.admits(&[2.0]) && !space.admits(&[0.5]));
}

#[test]
fn clipping_moves_finite_numbers_beyond_the_bounds_and_nothing_else() {
    let space = BoxSpace::new(vec![-1.0, 0.0], vec![1.0, f32::INFINITY]).unwrap();
    let mut points = [-3.0, -3.0, 0.5, 9.0, f32::NAN, f32::NEG_INFINITY];
    Space::Box(space).clip(&mut points);
    assert_eq!(points[..4], [-1.0, 0.0, 0.5, 9.0]);
    assert!(points[4].is_nan() && points[5] == f32::NEG_INFINITY);

    let mut index = [7.0];
    Space::discrete(2).clip(&mut index);
    assert_eq!(index, [7.0], "an index that does not exist is an error");
}

#[test]
fn impossible_spaces_are_refused_also_when_read_from_a_file() {
    assert_eq!(Discrete::new(0), Err(SpaceError::Size(0)));
    assert!(matches!(
        BoxSpace::new(vec![0.0], vec![]),
        Err(SpaceError::Lengths { .. })
    ));
    assert!(matches!(
        BoxSpace::new(vec![1.0], vec![0.0]),
        Err(SpaceError::Bounds { .. })
    ));
    assert!(matches!(
        BoxSpace::new(vec![f32::NAN], vec![f32::NAN]),
        Err(SpaceError::Bounds { .. })
    ));
    assert_eq!(BoxSpace::new(vec![], vec![]), Err(SpaceError::NoDimension));
    assert!(serde_json::from_str::<Discrete>(r#"{"n":0}"#).is_err());
    assert!(serde_json::from_str::<BoxSpace>(r#"{"low":[1.0],"high":[0.0]}"#).is_err());
}

#[test]
fn constant_spaces_equal_the_checked_ones() {
    const FIVE: Space = Space::discrete(5);
    assert_eq!(FIVE, Space::Discrete(Discrete::new(5).unwrap()));
    let space = BoxSpace::new(vec![-1.0, 0.0], vec![1.0, 3.0]).unwrap();
    assert_eq!(BoxSpace::within([(-1.0, 1.0), (0.0, 3.0)]), space);
    let space = BoxSpace::new(vec![-1.0, -2.0], vec![1.0, 2.0]).unwrap();
    assert_eq!(BoxSpace::symmetric([1.0, 2.0]), space);
    assert_eq!(
        BoxSpace::unbounded(2),
        BoxSpace::symmetric([f32::INFINITY; 2])
    );
}

#[test]
fn a_network_is_given_an_index_as_one_hot_and_a_vector_as_it_is() {
    assert_eq!(
        (
            Space::discrete(5).flat_dim(),
            Space::discrete(5).network_inputs()
        ),
        (1, 5)
    );
    assert_eq!(
        (
            Space::unbounded(3).flat_dim(),
            Space::unbounded(3).network_inputs()
        ),
        (3, 3)
    );
}

#[test]
#[should_panic(expected = "a box from 1 to -1")]
fn a_negative_bound_of_a_constant_box_panics() {
    let _ = Space::symmetric([-1.0]);
}

#[test]
fn a_space_survives_serialisation() {
    let space = Space::symmetric([1.0, 2.0]);
    let text = serde_json::to_string(&space).unwrap();
    assert_eq!(serde_json::from_str::<Space>(&text).unwrap(), space);
}

#[test]
fn a_box_tells_its_bounds() {
    let space = BoxSpace::new(vec![-1.0, -2.0], vec![3.0, 4.0]).unwrap();
    assert_eq!(space.low(), [-1.0, -2.0]);
    assert_eq!(space.high(), [3.0, 4.0]);
    assert_eq!(space.dim(), 2);
}
