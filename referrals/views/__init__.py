"""Pages of this floor: `inviter` below /friends/, `friend` below /i/."""
