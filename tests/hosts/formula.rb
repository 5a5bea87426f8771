# Loads a formula as Homebrew does on one kind of machine, and prints its fields as JSON:
#   ruby formula.rb FILE macos|linux intel|arm
require "json"

FILE, SYSTEM, PROCESSOR = ARGV
FIELDS = { depends_on: [], installed: [] }

class Recorder
  def install(*names) = FIELDS[:installed].concat(names)
  def to_s = "/bin"
end

class Formula
  class << self
    %i[desc homepage version license url sha256].each do |field|
      define_method(field) do |value|
        raise "#{field} is set twice" if FIELDS.key?(field)
        FIELDS[field] = value
      end
    end
    def depends_on(name) = FIELDS[:depends_on] << name
    def on_macos = SYSTEM == "macos" && yield
    def on_linux = SYSTEM == "linux" && yield
    def on_intel = PROCESSOR == "intel" && yield
    def on_arm = PROCESSOR == "arm" && yield
    def test(&block) = define_method(:test, &block)
  end

  def bin = @bin ||= Recorder.new
  def version = FIELDS[:version]
  def shell_output(command)
    FIELDS[:tested] = command
    "#{version}\n"
  end
  def assert_equal(want, got) = want == got || raise("#{got} is not #{want}")
end

load FILE
formula = ObjectSpace.each_object(Class).find { |c| c < Formula }
raise "#{formula} is not named for #{FILE}" unless formula.name == File.basename(FILE, ".rb").split("-").map(&:capitalize).join
formula.new.install
formula.new.test
puts JSON.generate(FIELDS)
