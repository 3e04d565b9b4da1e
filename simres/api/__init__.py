"""The Python API: `running` simulates, explores, traces and loads; `finding` knows what names mean."""

from simres.api.finding import find_scenario as find_scenario
from simres.api.finding import find_template as find_template
from simres.api.finding import find_workload as find_workload
from simres.api.finding import find_workloads as find_workloads
from simres.api.finding import finished as finished
from simres.api.finding import is_stored as is_stored
from simres.api.running import explore as explore
from simres.api.running import find_result as find_result
from simres.api.running import load as load
from simres.api.running import rerun as rerun
from simres.api.running import saturate as saturate
from simres.api.running import schedule as schedule
from simres.api.running import simulate as simulate
from simres.api.running import sweep as sweep
from simres.api.running import trace as trace
