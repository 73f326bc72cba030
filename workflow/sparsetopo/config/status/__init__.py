"""How far a study is: its jobs (`jobs`), what of them is done, runs or failed (`study`), and that in `sentences`."""

from sparsetopo.config.status.study import StageStatus, StudyStatus, study_status

__all__ = ["StageStatus", "StudyStatus", "study_status"]
