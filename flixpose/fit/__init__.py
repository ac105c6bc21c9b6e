"""Where a garment goes on a body: body frame, rigs, targets for the torso and the limbs, the neckline."""
